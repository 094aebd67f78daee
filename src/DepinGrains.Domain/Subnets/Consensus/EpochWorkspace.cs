namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>Scratch memory of epochs: arrays that grow to the largest subnet seen and stay. One thread at a time.</summary>
public sealed class EpochWorkspace
{
    /// <summary>Number of per-uid vectors.</summary>
    private const int Vectors = 12;

    private long[] _vectors = [];
    private int _count;

    internal int[] RowStarts { get; private set; } = [];

    internal int[] BondStarts { get; private set; } = [];

    internal int[] ColumnStarts { get; private set; } = [];

    internal ulong[] Order { get; private set; } = [];

    internal Reciprocal[] ReciprocalsA { get; private set; } = [];

    internal Reciprocal[] ReciprocalsB { get; private set; } = [];

    /// <summary>Weights kept by masks: column, normalised value, clipped value.</summary>
    internal ushort[] WeightColumns { get; private set; } = [];

    internal long[] Weights { get; private set; } = [];

    internal long[] Clipped { get; private set; } = [];

    /// <summary>Weights of validators that count, by column: score and stake, for the medians.</summary>
    internal long[] ColumnScores { get; private set; } = [];

    internal long[] ColumnStakes { get; private set; } = [];

    internal ushort[] BondColumns { get; private set; } = [];

    internal long[] Bonds { get; private set; } = [];

    internal Span<long> Stake => Vector(0);

    internal Span<long> ActiveStake => Vector(1);

    internal Span<long> Preranks => Vector(2);

    internal Span<long> Consensus => Vector(3);

    internal Span<long> ValidatorTrust => Vector(4);

    internal Span<long> Ranks => Vector(5);

    internal Span<long> Trust => Vector(6);

    internal Span<long> Dividends => Vector(7);

    internal Span<long> Combined => Vector(8);

    internal Span<long> MedianStake => Vector(9);

    internal Span<long> SumsA => Vector(10);

    internal Span<long> SumsB => Vector(11);

    internal void Prepare(int count, int weights, int bonds)
    {
        _count = count;
        if (RowStarts.Length < count + 1)
        {
            _vectors = new long[Vectors * count];
            (RowStarts, BondStarts, ColumnStarts) = (new int[count + 1], new int[count + 1], new int[count + 1]);
            (Order, ReciprocalsA, ReciprocalsB) = (new ulong[count], new Reciprocal[count], new Reciprocal[count]);
        }

        if (Weights.Length < weights)
        {
            (WeightColumns, Weights, Clipped) = (new ushort[weights], new long[weights], new long[weights]);
            (ColumnScores, ColumnStakes) = (new long[weights], new long[weights]);
        }

        if (Bonds.Length < weights + bonds)
        {
            (BondColumns, Bonds) = (new ushort[weights + bonds], new long[weights + bonds]);
        }

        _vectors.AsSpan(0, Vectors * count).Clear();
    }

    private Span<long> Vector(int index) => _vectors.AsSpan(index * _count, _count);
}
