using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>The market index of one process: what it knows of providers and nodes, at most this old.</summary>
public sealed class ScreeningOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Screening";

    /// <summary>How old the index may be; it is read again, changed rows only, when an order is screened later than this.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How far back changed rows are read again, for commits that came in late and clocks that differ.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Overlap { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Of an order that gets bids: verdicts kept of providers that do not even declare what it asks for; all are counted. An order without bids keeps all, up to the rules' own limit.</summary>
    [Range(0, 1_000)]
    public int VerdictsOfOthers { get; set; } = 10;
}
