using System.ComponentModel.DataAnnotations;

namespace DepinGrains.ServiceDefaults.Health;

/// <summary>The port for probes and scrapers, apart from what the host serves; never to be reached from outside.</summary>
public sealed class ManagementOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Management";

    /// <summary>IP address listened on.</summary>
    [Required, RegularExpression("^[0-9a-fA-F.:]+$")]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>TCP port; 0 = any free one, which only standalone, who prints it, should have.</summary>
    [Range(0, 65_535)]
    public int Port { get; set; } = 8081;

    /// <summary>How long the host goes on serving after it was told to stop and has said so on <c>/health/ready</c>: the time that load balancers need to notice.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for everything between the order to stop and the end, <see cref="DrainDelay"/> included. A grace period around it must be longer.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:30:00")]
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(120);
}
