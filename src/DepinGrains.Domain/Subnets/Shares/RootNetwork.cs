using System.Numerics;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Subnets.Shares;

/// <summary>
/// The root network of 2024: its validators weigh the subnets, and a subnet's share of each block is its stake-weighted rank times a sigmoid of the stake that trusts it at all.
/// Source: subtensor a13316c42 <c>root.rs:293 root_epoch</c>, I64F64; <c>root_vectors.json</c>.
/// </summary>
/// <param name="Rho">Steepness of the sigmoid: 10 on the main network, 30 in upstream's tests.</param>
/// <param name="Kappa">Share of stake that makes half a consensus, of 65535.</param>
public sealed record RootNetwork(int Rho = 10, ushort Kappa = 32767)
{
    /// <summary>Most validators of the root.</summary>
    public const int ValidatorsMax = 64;

    /// <summary>Rao of <paramref name="blockEmission"/> for each subnet, rounded down; the rest stays unissued. All 0 without stake or weights.</summary>
    /// <param name="stakes">Stake of each root validator, rao.</param>
    /// <param name="weights">A row of u16 weights over the subnets for each of them, not normalised. Column 0 is the root itself, whose share nobody gets.</param>
    /// <param name="blockEmission">Rao per block.</param>
    public ulong[] Share(ReadOnlySpan<ulong> stakes, ushort[][] weights, ulong blockEmission) =>
        Array.ConvertAll(Shares(stakes, weights), share => (ulong)(((BigInteger)share * blockEmission) >> 64));

    /// <summary>The same as parts of all, Q64: a block gives floor(share · emission / 2⁶⁴).</summary>
    public UInt128[] Shares(ReadOnlySpan<ulong> stakes, ushort[][] weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var subnets = weights.Length == 0 ? 0 : weights[0].Length;
        var shares = Normalize(stakes);
        var (ranks, trust, all) = (new UInt128[subnets], new UInt128[subnets], UInt128.Zero);
        for (var i = 0; i < shares.Length; i++)
        {
            all += shares[i];
            for (var j = 0; j < subnets; j++)
            {
                ranks[j] += shares[i] * weights[i][j];
                trust[j] += weights[i][j] > 0 ? shares[i] : 0;
            }
        }

        var kappa = ((UInt128)Kappa << 64) / ushort.MaxValue;
        var (combined, sum) = (new BigInteger[subnets], BigInteger.Zero);
        for (var j = 0; j < subnets && all != 0; j++)
        {
            var trusted = Divide(trust[j], all);
            combined[j] = FixedExp.Mul(FixedExp.Sigmoid(((Int128)trusted - (Int128)kappa) * Rho), ranks[j]);
            sum += combined[j];
        }

        return sum.IsZero ? new UInt128[subnets] : Array.ConvertAll(combined, c => (UInt128)((c << 64) / sum));
    }

    private static UInt128[] Normalize(ReadOnlySpan<ulong> stakes)
    {
        UInt128 total = 0;
        foreach (var stake in stakes)
        {
            total += stake;
        }

        var shares = new UInt128[stakes.Length];
        for (var i = 0; i < shares.Length && total != 0; i++)
        {
            shares[i] = Divide(stakes[i], total);
        }

        return shares;
    }

    /// <summary>floor(a·2⁶⁴/b), a below 2⁶⁵.</summary>
    private static UInt128 Divide(UInt128 a, UInt128 b) => a >> 64 == 0 ? (a << 64) / b : (UInt128)(((BigInteger)a << 64) / b);
}
