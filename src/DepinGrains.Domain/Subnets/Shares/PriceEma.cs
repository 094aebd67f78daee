using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Subnets.Shares;

/// <summary>
/// Shares by price (dTAO, from February 2025, and again from June 2026): a subnet's part of each block is its moving-average price by the sum of all, less what its owner let burn of the miners' part.
/// Source: subtensor 14bc6f9f9 <c>subnet_emissions.rs get_shares</c>; reference/bittensor.md, section 5. Prices are Q32 TAO per alpha.
/// </summary>
/// <param name="Alpha">Share of the new price taken over per step, Q32.</param>
public sealed record PriceEma(long Alpha)
{
    /// <summary>The next moving average; prices above 1 count as 1, so that a thin pool cannot draw all emission.</summary>
    public long Next(long average, long price) => I32F32.Add(I32F32.Mul(Alpha, Math.Clamp(price, 0, I32F32.One)), I32F32.Mul(I32F32.One - Alpha, average));

    /// <summary>Rao of <paramref name="blockEmission"/> for each subnet, rounded down; the rest stays unissued.</summary>
    /// <param name="averages">Moving averages, Q32.</param>
    /// <param name="minerBurned">Share of the miners' emission each subnet burned, of 65535.</param>
    /// <param name="blockEmission">Rao per block.</param>
    public static ulong[] Share(ReadOnlySpan<long> averages, ReadOnlySpan<ushort> minerBurned, ulong blockEmission)
    {
        var (counted, sum) = Counted(averages, minerBurned);
        return Array.ConvertAll(counted, c => sum == 0 ? 0 : (ulong)((UInt128)(ulong)c * blockEmission / sum));
    }

    /// <summary>The same as parts of all, Q64, rounded down. All 0 without prices.</summary>
    public static UInt128[] Shares(ReadOnlySpan<long> averages, ReadOnlySpan<ushort> minerBurned)
    {
        var (counted, sum) = Counted(averages, minerBurned);
        return Array.ConvertAll(counted, c => sum == 0 ? UInt128.Zero : (UInt128)(((System.Numerics.BigInteger)c << 64) / sum));
    }

    private static (long[] Counted, UInt128 Sum) Counted(ReadOnlySpan<long> averages, ReadOnlySpan<ushort> minerBurned)
    {
        var counted = new long[averages.Length];
        UInt128 sum = 0;
        for (var i = 0; i < counted.Length; i++)
        {
            counted[i] = I32F32.Mul(Math.Max(0, averages[i]), I32F32.One - I32F32.Proportion(minerBurned[i]));
            sum += (ulong)counted[i];
        }

        return (counted, sum);
    }
}
