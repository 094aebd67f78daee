using System.Collections.Immutable;
using System.Numerics;

namespace DepinGrains.Domain.Escrow;

/// <summary>What full blocks cost and leave (Akash ≤ v0.38 <c>accountSettleFullBlocks</c>: never negative).</summary>
/// <param name="Blocks">Blocks paid in full.</param>
/// <param name="Remaining">Money left that is due but does not make a full block; zero when not overdrawn.</param>
/// <param name="Left">Money left in the account after the full blocks, <paramref name="Remaining"/> included.</param>
/// <param name="Overdrawn">True when fewer blocks could be paid than passed.</param>
public readonly record struct FullBlocks(long Blocks, ExactAmount Remaining, ExactAmount Left, bool Overdrawn);

/// <summary>The two steps of settling: full blocks, then the remainder by weight.</summary>
public static class EscrowMath
{
    /// <summary>How many of <paramref name="blocks"/> blocks at <paramref name="perBlock"/> the money <paramref name="streamable"/> pays in full.</summary>
    public static FullBlocks PayFullBlocks(ExactAmount streamable, Rate perBlock, long blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        if (perBlock.Atoms <= 0)
        {
            return new FullBlocks(blocks, ExactAmount.Zero, streamable, false);
        }

        var affordable = streamable.Atoms / perBlock.Atoms;
        if (affordable >= blocks)
        {
            return new FullBlocks(blocks, ExactAmount.Zero, new ExactAmount(streamable.Atoms - (perBlock.Atoms * blocks)), false);
        }

        // affordable < blocks, so it fits a long.
        var left = new ExactAmount(streamable.Atoms - (perBlock.Atoms * affordable));
        return new FullBlocks((long)affordable, left, left, true);
    }

    /// <summary>
    /// Shares <paramref name="remaining"/> among payments by their rate (Akash ≤ v0.38 <c>accountSettleDistributeWeighted</c>), truncated to 18 decimals;
    /// the atoms the truncation leaves go to the first payments, one each, so that nothing remains.
    /// </summary>
    public static ImmutableArray<ExactAmount> ShareByWeight(ExactAmount remaining, ReadOnlySpan<Rate> rates)
    {
        var total = BigInteger.Zero;
        foreach (var rate in rates)
        {
            total += (BigInteger)rate.Atoms;
        }

        var shares = ImmutableArray.CreateBuilder<ExactAmount>(rates.Length);
        var left = remaining.Atoms;
        foreach (var rate in rates)
        {
            // The product needs up to 220 bits; this runs once per run-out.
            var share = total.IsZero ? Int128.Zero : (Int128)((BigInteger)remaining.Atoms * (BigInteger)rate.Atoms / total);
            shares.Add(new ExactAmount(share));
            left -= share;
        }

        for (var i = 0; left > 0 && i < shares.Count && !total.IsZero; i++, left--)
        {
            shares[i] += new ExactAmount(1);
        }

        return shares.MoveToImmutable();
    }
}
