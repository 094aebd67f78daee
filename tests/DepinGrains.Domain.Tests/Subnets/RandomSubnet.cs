using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>A subnet from a seed: any stakes, gaps, outdated weights, inactive validators, leftover bonds, odd parameters.</summary>
internal sealed record RandomSubnet(EpochInputs Inputs, EpochParameters Parameters, ulong Emission)
{
    public static RandomSubnet Create(Random random, int count)
    {
        var inputs = new EpochInputs
        {
            Block = 200,
            Stakes = [.. Enumerable.Range(0, count).Select(_ => random.Next(4) == 0 ? 0 : (ulong)random.NextInt64(random.Next(2) == 0 ? 10 : 2_000_000_000_000_000))],
            Permits = [.. Enumerable.Range(0, count).Select(_ => random.Next(5) != 0)],
            LastUpdate = [.. Enumerable.Range(0, count).Select(_ => (ulong)random.Next(100, 201))],
            RegisteredAt = [.. Enumerable.Range(0, count).Select(_ => (ulong)random.Next(0, 180))],
            Weights = Rows(random, count, 0.6),
            Bonds = Rows(random, count, 0.4),
        };
        var parameters = new EpochParameters((ulong)random.Next(10, 5000), (ushort)(random.Next(4) == 0 ? random.Next(65536) : 32767), random.Next(4) == 0 ? random.Next(1_000_001) : 900_000, random.Next(count + 2));
        return new RandomSubnet(inputs, parameters, (ulong)random.NextInt64(2_000_000_000_000));
    }

    private static SparseRows Rows(Random random, int count, double density) => SparseRows.FromRows(count, Enumerable.Range(0, count).ToDictionary(
        static row => row,
        _ => (IReadOnlyDictionary<int, ushort>)Enumerable.Range(0, count).Where(_ => random.NextDouble() < density).ToDictionary(static c => c, _ => (ushort)random.Next(65536)))).Require();
}
