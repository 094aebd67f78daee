using System.ComponentModel.DataAnnotations;
using System.Net;

namespace DepinGrains.Silo;

/// <summary>One silo's own place among the others. In Kubernetes name and address come from the downward API (<c>Silo__Name</c>, <c>Silo__Address</c>).</summary>
public sealed class SiloOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Silo";

    /// <summary>A name for logs; need not be unique.</summary>
    [Required, MaxLength(150)]
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>IP address at which the other silos and the gateways reach this one: the pod's. On another address than loopback it listens on every interface.</summary>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>TCP port for the other silos.</summary>
    [Range(1, 65_535)]
    public int Port { get; set; } = 11_111;

    /// <summary>TCP port for gateways.</summary>
    [Range(1, 65_535)]
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>Migrates the database before joining (under a lock: any number of silos may). Off where a job does it.</summary>
    public bool Migrate { get; set; } = true;

    /// <summary>Percent of the machine's CPU beyond which gateways' calls are refused as overload; 100 = never.</summary>
    [Range(50, 100)]
    public int ShedAboveCpuPercent { get; set; } = 95;

    /// <summary>Percent of the memory limit beyond which gateways' calls are refused as overload; 100 = never.</summary>
    [Range(50, 100)]
    public int ShedAboveMemoryPercent { get; set; } = 90;

    /// <summary>Time without a call after which an activation leaves memory.</summary>
    [Range(typeof(TimeSpan), "00:01:01", "1.00:00:00")]
    public TimeSpan CollectAfter { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>What is wrong across fields, or null.</summary>
    public string? Problem =>
        !IPAddress.TryParse(Address, out var address) ? $"Silo:Address ({Address}) must be an IP address"
        : address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? $"Silo:Address ({Address}) must be one that others can reach"
        : Port == GatewayPort ? $"Silo:Port and Silo:GatewayPort are both {Port}"
        : null;
}
