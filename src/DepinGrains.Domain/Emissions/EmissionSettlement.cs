using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Emissions;

/// <summary>Blocks settled at once.</summary>
/// <param name="State">After them.</param>
/// <param name="Emitted">Rao issued.</param>
/// <param name="Recycled">Rao that came back.</param>
/// <param name="Steps">Steps computed: a few per halving, never one per block.</param>
public sealed record EmissionRun(EmissionState State, long Emitted, long Recycled, int Steps);

/// <summary>
/// Any number of blocks in one call, equal to the sum of single blocks: nothing is done per block. A block first issues, then recycles.
/// Source: within a stage emission is constant, so a stage takes one division; where recycling holds issuance at a threshold, the two alternating steps are a rotation and have a closed form.
/// </summary>
public static class EmissionSettlement
{
    /// <summary>Steps one call may take; only absurd recycling between tiny stages needs more.</summary>
    public const int StepsMax = 100_000;

    /// <summary>Most blocks of one call, about 3,400 years: their emission fits a long at any rate.</summary>
    public const long BlocksMax = 9_000_000_000;

    /// <summary>Settles <paramref name="blocks"/>.</summary>
    /// <param name="state">Before.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="recyclePerBlock">Rao recycled in each block, at most what is issued; 0 for a plain settlement (recycling is then booked where it happens).</param>
    /// <returns>The run, or <c>emission.too_many_steps</c>.</returns>
    public static Result<EmissionRun> Settle(EmissionState state, long blocks, long recyclePerBlock = 0)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blocks, BlocksMax);
        ArgumentOutOfRangeException.ThrowIfNegative(recyclePerBlock);
        var run = new EmissionRun(state.Latched is null ? state : state with { Latched = state.Halvings }, 0, 0, 0);
        while (blocks > 0)
        {
            if (run.Steps == StepsMax)
            {
                return Refusal.Of("emission.too_many_steps", $"{StepsMax} steps were not enough, {blocks} blocks are left: settle fewer blocks or recycle less", ("steps", StepsMax), ("left", blocks));
            }

            var (next, done) = Oscillate(run, blocks, recyclePerBlock) ?? Straight(run, blocks, recyclePerBlock);
            (run, blocks) = (next, blocks - done);
        }

        return run;
    }

    /// <summary>As many blocks of one stage as there are: up to the next threshold above, or below when recycling outweighs.</summary>
    private static (EmissionRun Run, long Blocks) Straight(EmissionRun run, long blocks, long recycle)
    {
        var (state, emission) = (run.State, run.State.PerBlock);
        var net = emission - recycle;
        if (net == 0)
        {
            return (Apply(run, state.Issuance, blocks * emission, blocks * recycle), blocks);
        }

        if (net < 0)
        {
            return Falling(run, blocks, recycle);
        }

        // Latched below its stage's threshold: the thresholds on the way change nothing.
        var threshold = TaoEmission.Threshold(state.Halvings + 1);
        var count = Math.Min(blocks, CeilingDivide(threshold - state.Issuance, net));
        return (Apply(run, state.Issuance + (count * net), count * emission, count * recycle), count);
    }

    private static (EmissionRun Run, long Blocks) Falling(EmissionRun run, long blocks, long recycle)
    {
        var (state, emission) = (run.State, run.State.PerBlock);
        var fall = recycle - emission;
        var floor = state.Latched is null ? TaoEmission.Threshold(state.Halvings) : 0;

        // Blocks that start at or above the floor with enough issued to recycle in full.
        var full = Math.Min(CeilingDivide(state.Issuance - floor + 1, fall), state.Issuance / fall);
        if (full > 0)
        {
            var count = Math.Min(blocks, full);
            return (Apply(run, state.Issuance - (count * fall), count * emission, count * recycle), count);
        }

        // Everything issued comes back: nothing is left, and each further block returns what it issues.
        if (state.Issuance > 0)
        {
            return (Apply(run, 0, emission, state.Issuance + emission), 1);
        }

        return (Apply(run, 0, blocks * emission, blocks * emission), blocks);
    }

    /// <summary>
    /// Issuance around a threshold T with emission above (a) and below (b) of it: below, a block adds up = b − recycle; above, it takes down = recycle − a. Both positive, the position
    /// x − T + down in [0, up + down) moves by up modulo (up + down) each block.
    /// </summary>
    private static (EmissionRun Run, long Blocks)? Oscillate(EmissionRun run, long blocks, long recycle)
    {
        var state = run.State;
        if (state.Latched is not null || recycle == 0)
        {
            return null;
        }

        var stage = TaoEmission.Halvings((ulong)state.Issuance);
        var upper = state.PerBlock < recycle ? stage : stage + 1;
        if (upper == 0 || upper > TaoEmission.LastStage)
        {
            return null;
        }

        var (below, above, threshold) = (TaoEmission.OfStage(upper - 1), TaoEmission.OfStage(upper), TaoEmission.Threshold(upper));
        var (up, down) = (below - recycle, recycle - above);
        var position = state.Issuance - threshold + down;
        if (up <= 0 || down <= 0 || position < 0 || position >= up + down
            || threshold - down < TaoEmission.Threshold(upper - 1) || threshold + up > TaoEmission.Threshold(upper + 1) || threshold - down < recycle)
        {
            return null;
        }

        var end = (long)(((Int128)position + ((Int128)blocks * up)) % (up + down));
        var rises = (long)((((Int128)end - position) + ((Int128)blocks * down)) / (up + down));
        var emitted = (rises * below) + ((blocks - rises) * above);
        return (Apply(run, threshold - down + end, emitted, blocks * recycle), blocks);
    }

    private static EmissionRun Apply(EmissionRun run, long issuance, long emitted, long recycled)
    {
        var state = run.State with { Issuance = issuance };
        return new EmissionRun(
            state.Latched is null ? state : state with { Latched = state.Halvings }, checked(run.Emitted + emitted), checked(run.Recycled + recycled), run.Steps + 1);
    }

    private static long CeilingDivide(long a, long b) => ((a - 1) / b) + 1;
}
