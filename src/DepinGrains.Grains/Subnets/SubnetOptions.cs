using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Subnets;

/// <summary>Bounds of subnets. Defaults are the main network's of 2024 (subtensor a13316c42) where it has them.</summary>
public sealed class SubnetOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Subnets";

    /// <summary>Most active subnets; one more replaces the weakest.</summary>
    [Range(1, 1_024)]
    public int Limit { get; set; } = 32;

    /// <summary>Least lock of a new subnet, rao.</summary>
    [Range(0, long.MaxValue)]
    public long MinLock { get; set; } = 1_000_000_000_000;

    /// <summary>Blocks in which a doubled lock falls back: 14 days.</summary>
    [Range(1, 10_000_000)]
    public long LockInterval { get; set; } = 100_800;

    /// <summary>Blocks a new subnet cannot be replaced: 7 days.</summary>
    [Range(0, 10_000_000)]
    public long Immunity { get; set; } = 50_400;

    /// <summary>Least blocks between two new subnets: a day.</summary>
    [Range(0, 10_000_000)]
    public long CreateRateLimit { get; set; } = 7_200;

    /// <summary>Most epochs one call runs; the sweep's next round goes on.</summary>
    [Range(1, 10_000)]
    public int EpochsPerCall { get; set; } = 64;

    /// <summary>Epochs kept for charts.</summary>
    [Range(1, 1_000_000)]
    public int HistoryMax { get; set; } = 10_000;

    /// <summary>Private and loopback addresses may be announced as endpoints: for one machine, never for a network of strangers.</summary>
    public bool AnyAddress { get; set; }

    /// <summary>Where a subnet's share of emission comes from.</summary>
    public ShareStrategy Shares { get; set; } = ShareStrategy.RootWeights;

    /// <summary>Blocks between two computations of the shares; the root's tempo.</summary>
    [Range(1, 100_000)]
    public long RootTempo { get; set; } = 100;

    /// <summary>Steepness of the root's sigmoid.</summary>
    [Range(1, 1_000)]
    public int RootRho { get; set; } = 10;

    /// <summary>Root validators.</summary>
    [Range(1, 64)]
    public int RootMembers { get; set; } = 64;

    /// <summary>Part of a new price taken over per computation, millionths.</summary>
    [Range(1, 1_000_000)]
    public int PriceAlpha { get; set; } = 10_000;

    /// <summary>Milliseconds added to a benchmark's time for the way there and back.</summary>
    [Range(0, 60_000)]
    public int BenchmarkSlackMs { get; set; } = 2_000;

    /// <summary>Time a node's agent has to begin a benchmark: to hear of it, and to find room beside its leases.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan BenchmarkOfferLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Time within which a benchmark that was passed must be used for its registration.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "1.00:00:00")]
    public TimeSpan BenchmarkProofLifetime { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>Strategies of shares.</summary>
public enum ShareStrategy
{
    /// <summary>2024: validators of the root weigh the subnets; while nobody does, all subnets get the same.</summary>
    RootWeights = 0,

    /// <summary>2025, 2026: by moving averages of the prices that operators post.</summary>
    PriceEma = 1,
}
