using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>
/// Yuma epochs, every validator weighing every miner, bonds of the epoch before: the dense case. One thread; milliseconds are CPU time of this process, so that what else runs counts little.
/// Nothing is loaded nor written here.
/// </summary>
internal static class EpochScenario
{
    public static Task RunAsync(Bench bench)
    {
        Add(bench, "epoch, 256 uids and 64 validators", 1, Subnet(1, 256, 64), 200, bench.Settings.Size(2000, 300));
        Add(bench, "epoch, 4,096 uids and 256 validators", 150, Subnet(2, 4096, 256), 10, bench.Settings.Size(30, 10));
        Add(bench, "epochs of 32 subnets of 256 uids and 64 validators, without loading and writing", 200, [.. Enumerable.Range(3, 32).SelectMany(static seed => Subnet(seed, 256, 64))], 5, bench.Settings.Size(60, 10));
        return Task.CompletedTask;
    }

    private static void Add(Bench bench, string what, double aim, EpochInputs[] subnets, int warm, int rounds)
    {
        var (workspace, parameters) = (new EpochWorkspace(), new EpochParameters(MaxValidators: 256));
        for (var round = 0; round < warm; round++)
        {
            Array.ForEach(subnets, inputs => YumaEpoch.Run(inputs, parameters, 1_000_000_000, workspace).Require());
        }

        var machine = Machine.Watch();
        using var process = Process.GetCurrentProcess();
        var times = new double[rounds];
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < rounds; round++)
        {
            var before = process.TotalProcessorTime;
            Array.ForEach(subnets, inputs => YumaEpoch.Run(inputs, parameters, 1_000_000_000, workspace).Require());
            process.Refresh();
            times[round] = (process.TotalProcessorTime - before).TotalMilliseconds;
        }

        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / rounds;
        Array.Sort(times);
        var mean = times.Average();
        Bench.Say(string.Create(CultureInfo.InvariantCulture, $"{what}: {mean:F3} ms CPU on average, {times[^1]:F3} at most, {allocated / 1024.0:F0} KB allocated (the outcome)"));
        bench.AddAtMost("epoch", what, mean, "ms", aim, machine.Stop(), "none", "one thread", string.Create(CultureInfo.InvariantCulture, $"CPU time; {allocated / 1024.0:F0} KB allocated"));
    }

    /// <summary>A subnet after some epochs: random weights of each validator for each miner around a common opinion, stakes over three orders of magnitude.</summary>
    private static EpochInputs[] Subnet(int seed, int count, int validators)
    {
        var random = new Random(seed);
        var (opinion, miners) = (Enumerable.Range(0, count).Select(_ => random.Next(1, 60_000)).ToArray(), count - validators);
        var (starts, columns, values) = (new int[count + 1], new ushort[validators * miners], new ushort[validators * miners]);
        for (var uid = 0; uid < count; uid++)
        {
            starts[uid + 1] = Math.Min(uid + 1, validators) * miners;
            for (var miner = 0; uid < validators && miner < miners; miner++)
            {
                columns[starts[uid] + miner] = (ushort)(validators + miner);
                values[starts[uid] + miner] = (ushort)Math.Clamp(opinion[miner] * (0.7 + (0.6 * random.NextDouble())), 1, 65535);
            }
        }

        var inputs = new EpochInputs
        {
            Block = 1000, Stakes = [.. Enumerable.Range(0, count).Select(uid => uid < validators ? (ulong)(1e12 * Math.Pow(10, 3 * random.NextDouble())) : 0)],
            Permits = [.. Enumerable.Range(0, count).Select(uid => uid < validators)], LastUpdate = [.. Enumerable.Repeat(900UL, count)], RegisteredAt = new ulong[count],
            Weights = SparseRows.Create(starts, columns, values).Require(), Bonds = SparseRows.Empty(count),
        };
        var outcome = YumaEpoch.Run(inputs, new EpochParameters(MaxValidators: validators), 1_000_000_000, new EpochWorkspace()).Require();
        return [inputs with { Bonds = outcome.Bonds }];
    }
}
