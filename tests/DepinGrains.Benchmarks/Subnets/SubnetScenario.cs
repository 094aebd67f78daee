using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Storage;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>Subnets as they run: all epochs of one tempo with loading, payments and durable writes, and weights taken per second.</summary>
internal static class SubnetScenario
{
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

            await EpochsAsync(bench, store, "warm", first, time);
            const int callers = 128;
            var n = 0;
            var weights = await bench.InterleaveAsync(new Side($"set_weights on {store}", seconds => Callers.RunAsync($"set_weights on {store}", callers, seconds, store == "SQLite" ? 0 : bench.Postmaster, async (caller, _) =>
            {
                await first.SetWeightsAsync(1 + (caller % SubnetHost.Subnets), caller / SubnetHost.Subnets, Interlocked.Increment(ref n));
                return 1;
            })));
            bench.AddRate("subnets", $"set_weights of 192 miners, {callers} callers, {SubnetHost.Subnets} subnets", weights[0], 5_000, store, "callers and grains in one process");
        }

        // A process loads its subnets once with code that is compiled along the way, and later (a silo died, others take over its subnets) with code that is there.
        foreach (var how in (string[])["loaded from the store first", "loaded from the store again by a process that has done it before"])
        {
            await using var next = await SubnetHost.StartAsync(options, time);
            await EpochsAsync(bench, store, how, next, time);
        }
    }

    private static async Task EpochsAsync(Bench bench, string store, string how, SubnetHost host, MovedTime time)
    {
        var machine = Machine.Watch();
        using var process = Process.GetCurrentProcess();
        var (before, started) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        await host.EpochsAsync(time);
        process.Refresh();
        var (cpu, took) = ((process.TotalProcessorTime - before).TotalMilliseconds, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        Bench.Say(string.Create(CultureInfo.InvariantCulture, $"{store}: all epochs of a tempo, {how}: {cpu:F0} ms CPU, {took:F0} ms"));
        bench.AddAtMost("subnets", $"all epochs of one tempo, {SubnetHost.Subnets} subnets of {SubnetHost.Uids}, paid and written; {how}", cpu, "ms", 200, machine.Stop(), store, "one process", string.Create(CultureInfo.InvariantCulture, $"CPU of this process; {took:F0} ms passed"));
    }
}
