using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Gateway.Hosting;

/// <summary>A gateway as a process of its own.</summary>
public sealed class GatewayOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Gateway";

    /// <summary>Requests worked on at once; more are refused as overload. Event streams and WebSockets do not count once they are open.</summary>
    [Range(1, 1_000_000)]
    public int RequestsInFlightMax { get; set; } = 2_000;

    /// <summary>Where other gateways reach this one, an http address of the pod: logs and shells of agents connected here are fetched through it. Empty = the first address served.</summary>
    [RegularExpression("^(https?://[^ ]+)?$")]
    public string PeerUrl { get; set; } = "";

    /// <summary>How long no silo may be reached before this gateway says it is not ready; requests are refused with 503 at once meanwhile.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan NotReadyAfter { get; set; } = TimeSpan.FromSeconds(30);
}
