using System.ComponentModel.DataAnnotations;

namespace DepinGrains.ServiceDefaults.Silos;

/// <summary>The silos that work together, as silos and gateways must agree on them.</summary>
public sealed class SilosOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Silos";

    /// <summary>Name of this group of silos in the membership table; two groups on one database need two names.</summary>
    [Required, RegularExpression("^[a-z0-9][a-z0-9-]{0,62}$")]
    public string Id { get; set; } = "depin";

    /// <summary>Owner of the reminders; stays when <see cref="Id"/> changes (a second group of silos that takes over).</summary>
    [Required, RegularExpression("^[a-z0-9][a-z0-9-]{0,62}$")]
    public string ServiceId { get; set; } = "depin";

    /// <summary>Interval and time-out of a silo's probe of another. A killed silo is out after about <see cref="ProbesMissedMax"/> of them; shorter ones take a long pause for a death.</summary>
    [Range(typeof(TimeSpan), "00:00:00.2", "00:01:00")]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Probes missed in a row before a silo votes another dead.</summary>
    [Range(1, 20)]
    public int ProbesMissedMax { get; set; } = 3;

    /// <summary>Votes that declare a silo dead (fewer when fewer silos are there).</summary>
    [Range(1, 10)]
    public int VotesForDeath { get; set; } = 2;

    /// <summary>How often silos read the membership table when no gossip comes, and how often they say in it that they live.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan TableEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often gateways read which silos they can go to. A frozen silo's share of requests fails for at most this long beyond its death.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:05:00")]
    public TimeSpan GatewayListEvery { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Time for a grain's answer. Afterwards the outcome is unknown and the client asks again with the same idempotency key.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
