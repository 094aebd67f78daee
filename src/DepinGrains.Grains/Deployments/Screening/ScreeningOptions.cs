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

    /// <summary>Of so many providers each is looked at with its nodes, and told why it does not bid. Of more, their prices are compared first, and only the cheapest are looked at.</summary>
    [Range(1, 1_000_000)]
    public int WholeMarketMax { get; set; } = 500;

    /// <summary>Offers looked for in a market of more: above what an order may have of bids, for some are refused by the nodes' own books.</summary>
    [Range(1, 10_000)]
    public int OffersMax { get; set; } = 50;
}
