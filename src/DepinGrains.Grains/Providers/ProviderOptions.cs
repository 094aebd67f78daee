using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Providers;

/// <summary>Limits of a provider.</summary>
public sealed class ProviderOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Providers";

    /// <summary>Most attributes a provider declares.</summary>
    [Range(1, 1_000)]
    public int AttributesMax { get; set; } = 200;

    /// <summary>Most signatures of one auditor kept: who may vouch says so itself, and none of them is to take the others' room.</summary>
    [Range(1, 1_000)]
    public int SignaturesPerAuditorMax { get; set; } = 100;

    /// <summary>Most auditors a provider declines.</summary>
    [Range(1, 100_000)]
    public int DeclinedMax { get; set; } = 5_000;

    /// <summary>Most signatures kept.</summary>
    [Range(1, 100_000)]
    public int SignaturesMax { get; set; } = 5_000;

    /// <summary>How long an auditor's signature holds when it does not say.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan SignatureValidity { get; set; } = TimeSpan.FromDays(365);

    /// <summary>Longest time an auditor's signature may hold.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan SignatureValidityMax { get; set; } = TimeSpan.FromDays(730);

    /// <summary>Most join tokens outstanding.</summary>
    [Range(1, 10_000)]
    public int TokensMax { get; set; } = 500;

    /// <summary>Longest life of a join token.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "30.00:00:00")]
    public TimeSpan TokenLifetimeMax { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Longest time addresses may be held without a lease; ids given back are remembered this long.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan AddressReservationMax { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Most ids given back that are remembered; beyond it the oldest go first.</summary>
    [Range(16, 100_000)]
    public int ReleasedAddressesMax { get; set; } = 4_096;
}
