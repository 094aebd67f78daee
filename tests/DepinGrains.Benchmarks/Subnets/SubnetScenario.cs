using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Storage;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>Subnets as they run: all epochs of one tempo with loading, payments and durable writes, and weights taken per second.</summary>
internal static class SubnetScenario
{
    private const int Loads = 16;

    public static async Task RunAsync(Bench bench)
    {
        using var folder = new TemporaryFolder();
        await MeasureAsync(bench, "SQLite", new StoreOptions { Kind = "sqlite", Connection = folder.File("subnets.db") });
        if (await bench.PostgresAsync() is { } cluster)
        {
            await MeasureAsync(bench, "PostgreSQL", new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() });
        }
    }

    private static async Task MeasureAsync(Bench bench, string store, StoreOptions options)
    {
        var time = new MovedTime();
        await using (var first = await SubnetHost.StartAsync(options, time))
        {
            await first.SeedAsync(time);
            Bench.Say($"{store}: {SubnetHost.Subnets} subnets of {SubnetHost.Uids} are there");
            for (var warm = 0; warm < 5; warm++)
            {
                await first.EpochsAsync(time);
            }

            Add(bench, store, "warm", await EpochsAsync(store, "warm", first, time));
            const int callers = 128;
            var n = 0;
            var weights = await bench.InterleaveAsync(new Side($"set_weights on {store}", seconds => Callers.RunAsync($"set_weights on {store}", callers, seconds, store == "SQLite" ? 0 : bench.Postmaster, async (caller, _) =>
            {
                await first.SetWeightsAsync(1 + (caller % SubnetHost.Subnets), caller / SubnetHost.Subnets, Interlocked.Increment(ref n));
                return 1;
            })));
            bench.AddRate("subnets", $"set_weights of 192 miners, {callers} callers, {SubnetHost.Subnets} subnets", weights[0], 5_000, store, "callers and grains in one process");
        }

        // Warm like everything here: a silo that dies leaves its subnets to others whose code is compiled. What a process that has just started takes is said beside.
        List<Load> loads = [];
        for (var n = 0; n < bench.Settings.Size(Loads, 3); n++)
        {
            await using var next = await SubnetHost.StartAsync(options, time);
            loads.Add(await EpochsAsync(store, string.Create(CultureInfo.InvariantCulture, $"loaded from the store first, time {n + 1}"), next, time));
        }

        var settled = loads.TakeLast(3).OrderBy(static load => load.Cpu).ElementAt(1);
        Add(bench, store, "loaded from the store first", settled, string.Create(CultureInfo.InvariantCulture, $"; {loads[0].Cpu:F0} ms CPU in a process that has just started, which compiles its code"));
    }

    private static async Task<Load> EpochsAsync(string store, string how, SubnetHost host, MovedTime time)
    {
        var machine = Machine.Watch();
        using var process = Process.GetCurrentProcess();
        var (before, started) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        await host.EpochsAsync(time);
        process.Refresh();
        var load = new Load((process.TotalProcessorTime - before).TotalMilliseconds, Stopwatch.GetElapsedTime(started).TotalMilliseconds, machine.Stop());
        Bench.Say(string.Create(CultureInfo.InvariantCulture, $"{store}: all epochs of a tempo, {how}: {load.Cpu:F0} ms CPU, {load.Took:F0} ms"));
        return load;
    }

    private static void Add(Bench bench, string store, string how, Load load, string beside = "") => bench.AddAtMost(
        "subnets", $"all epochs of one tempo, {SubnetHost.Subnets} subnets of {SubnetHost.Uids}, paid and written; {how}", load.Cpu, "ms", 200, load.Machine, store, "one process",
        string.Create(CultureInfo.InvariantCulture, $"CPU of this process; {load.Took:F0} ms passed{beside}"));

    /// <summary>Milliseconds of this process' CPU, and that passed.</summary>
    private sealed record Load(double Cpu, double Took, CpuShares Machine);
}
