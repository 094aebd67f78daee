using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Network;

/// <summary>The gauges of the whole market.</summary>
public sealed class MarketMetricsOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "MarketMetrics";

    /// <summary>How often each process reads them from the store: about a dozen small queries, one of them over all nodes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromSeconds(15);
}
