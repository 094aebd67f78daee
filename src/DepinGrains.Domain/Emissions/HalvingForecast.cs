using System.Collections.Immutable;

namespace DepinGrains.Domain.Emissions;

/// <summary>When the next halving comes if recycling stays as given.</summary>
/// <param name="RecyclePerBlock">Rao per block assumed.</param>
/// <param name="Blocks">Blocks from now; null when recycling holds issuance below the threshold for ever.</param>
public sealed record HalvingDate(long RecyclePerBlock, long? Blocks)
{
    /// <summary>From now; null for never.</summary>
    public TimeSpan? In => Blocks is { } blocks && blocks <= TimeSpan.MaxValue.TotalSeconds / TaoEmission.BlockSeconds ? TimeSpan.FromSeconds((double)blocks * TaoEmission.BlockSeconds) : null;
}

/// <summary>The next halving in three versions.</summary>
/// <param name="Halving">Its number, from 1.</param>
/// <param name="Threshold">Issuance that brings it, rao.</param>
/// <param name="Low">With little recycling: soonest.</param>
/// <param name="Likely">With the usual one.</param>
/// <param name="High">With much: latest.</param>
public sealed record HalvingForecast(int Halving, long Threshold, HalvingDate Low, HalvingDate Likely, HalvingDate High)
{
    /// <summary>From the observed recycling; null when emission has ended.</summary>
    public static HalvingForecast? For(EmissionState state, ObservedRecycling observed)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(observed);
        return state.PerBlock == 0 ? null : new HalvingForecast(
            state.Halvings + 1, TaoEmission.Threshold(state.Halvings + 1), DateOf(state, observed.Low), DateOf(state, observed.Likely), DateOf(state, observed.High));
    }

    /// <summary>Blocks until issuance reaches the next threshold: ceil(missing/(emission − recycled)).</summary>
    public static HalvingDate DateOf(EmissionState state, long recyclePerBlock)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfNegative(recyclePerBlock);
        var net = state.PerBlock - recyclePerBlock;
        var missing = TaoEmission.Threshold(state.Halvings + 1) - state.Issuance;
        return new HalvingDate(recyclePerBlock, net <= 0 ? null : ((missing - 1) / net) + 1);
    }
}

/// <summary>What recycling took per block, rao.</summary>
/// <param name="Low">One window in ten took less.</param>
/// <param name="Likely">The median.</param>
/// <param name="High">One in ten took more.</param>
public sealed record ObservedRecycling(long Low, long Likely, long High)
{
    /// <summary>From what each window of <paramref name="windowBlocks"/> recycled (rao), by nearest rank; all 0 without windows.</summary>
    public static ObservedRecycling From(ImmutableArray<long> recycledPerWindow, long windowBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(windowBlocks, 1);
        if (recycledPerWindow.IsDefaultOrEmpty)
        {
            return new ObservedRecycling(0, 0, 0);
        }

        var sorted = recycledPerWindow.Sort();
        long Rank(int percent) => sorted[Math.Max(0, (((sorted.Length * percent) + 99) / 100) - 1)] / windowBlocks;
        return new ObservedRecycling(Rank(10), Rank(50), Rank(90));
    }
}
