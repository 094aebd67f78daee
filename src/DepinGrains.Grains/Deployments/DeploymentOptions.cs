using System.ComponentModel.DataAnnotations;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Providers;

namespace DepinGrains.Grains.Deployments;

/// <summary>Rules and limits of the open compute market.</summary>
public sealed class DeploymentOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Deployments";

    /// <summary>How long an order waits for bids before the lowest wins. Ends early when every registered provider's bidding is managed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan BidWindow { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>How often an order without a lease is screened again for managed bids.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RescreenEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a bid's bookings hold.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan BookingLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How much longer nodes and pools must be willing to book than bids ask: their clocks may be behind.</summary>
    public static readonly TimeSpan ClockMargin = TimeSpan.FromSeconds(5);

    /// <summary>The option that does not go together with those of nodes and pools, or null.</summary>
    public string? Problem(NodeOptions nodes, ProviderOptions providers) =>
        BookingLifetime + ClockMargin > nodes.ReservationLifetimeMax || BookingLifetime + ClockMargin > providers.AddressReservationMax ? nameof(BookingLifetime) : null;

    /// <summary>How long a deployment without money keeps its leases' hardware before they are closed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan InsufficientFundsGrace { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How soon an interrupted step is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon a refused automatic top-up is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan TopUpRetry { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Least escrow deposit while no network parameter says otherwise, minor units (Akash: 500,000).</summary>
    [Range(0, long.MaxValue)]
    public long MinDeposit { get; set; } = 500_000;

    /// <summary>Deposit a bid holds while no network parameter says otherwise, minor units (Akash: 500,000).</summary>
    [Range(0, long.MaxValue)]
    public long BidDeposit { get; set; } = 500_000;

    /// <summary>Most bids of one order, exactly (Akash: 20, cap 500).</summary>
    [Range(1, 500)]
    public int BidsMax { get; set; } = 20;

    /// <summary>Most managed bids made for one order.</summary>
    [Range(1, 500)]
    public int ManagedBidsMax { get; set; } = 10;

    /// <summary>Most verdicts on single providers kept with an order that got bids, beside those of refused bookings (all are counted); an order without any bid keeps them all, up to the rules' own limit.</summary>
    [Range(1, 1_000)]
    public int VerdictsKept { get; set; } = 50;

    /// <summary>Most bids that are over kept in memory per group's newest order; those of older orders are only rows.</summary>
    [Range(10, 100_000)]
    public int BidsKept { get; set; } = 500;

    /// <summary>After a node is lost its lease's group is listed again.</summary>
    public bool RelistOnNodeLoss { get; set; } = true;
}
