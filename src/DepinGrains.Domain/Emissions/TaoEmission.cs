using System.Globalization;

namespace DepinGrains.Domain.Emissions;

/// <summary>
/// Emission of TAO by issuance: 1 TAO a block, half of it each time half of the remainder is issued, nothing from 21 million on. Never stored: always derived (a stored copy went stale on the chain).
/// Source: subtensor a13316c42 <c>root.rs:143 get_block_emission</c>; floor(log2(1/(1 − issuance/cap))) is max{h : (cap − issuance)·2^h ≤ cap}; <c>emission_vectors.json</c>.
/// </summary>
public static class TaoEmission
{
    /// <summary>Rao in a TAO.</summary>
    public const long RaoPerTao = 1_000_000_000;

    /// <summary>21 million TAO, rao.</summary>
    public const long Cap = 21_000_000 * RaoPerTao;

    /// <summary>Rao per block at first.</summary>
    public const long First = RaoPerTao;

    /// <summary>Seconds between blocks.</summary>
    public const int BlockSeconds = 12;

    /// <summary>Blocks a day.</summary>
    public const long BlocksPerDay = 86_400 / BlockSeconds;

    /// <summary>The stage from which a block pays nothing: 10⁹ &gt;&gt; 30 = 0.</summary>
    public const int LastStage = 30;

    /// <summary>Rao as TAO for people, e.g. <c>3.2</c>.</summary>
    public static string Show(ulong rao) => (rao / (decimal)RaoPerTao).ToString("0.#########", CultureInfo.InvariantCulture);

    /// <summary>How often emission was halved at this issuance (rao); <see cref="LastStage"/> at most.</summary>
    public static int Halvings(ulong issuance)
    {
        var halvings = 0;
        while (halvings < LastStage && issuance >= (ulong)Threshold(halvings + 1))
        {
            halvings++;
        }

        return halvings;
    }

    /// <summary>The least issuance (rao) with this many halvings: cap − floor(cap/2^h).</summary>
    public static long Threshold(int halvings)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(halvings);
        return halvings > 62 ? Cap : Cap - (Cap >> halvings);
    }

    /// <summary>Rao of the next block at this issuance.</summary>
    public static long PerBlock(ulong issuance) => issuance >= (ulong)Cap ? 0 : OfStage(Halvings(issuance));

    /// <summary>Rao per block after this many halvings, rounded down.</summary>
    public static long OfStage(int halvings) => halvings >= LastStage ? 0 : First >> halvings;
}
