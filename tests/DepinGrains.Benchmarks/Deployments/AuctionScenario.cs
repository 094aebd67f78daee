using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Peers;
using DepinGrains.Storage;
using DepinGrains.Testing;

namespace DepinGrains.Benchmarks.Deployments;

/// <summary>
/// Order, five managed bids with reservations and deposits, the lowest wins, refunds, lease, escrow, workloads at the node: in process, against the same durable effects in one call of a
/// stored procedure and in seven commits. Afterwards orders come at half the rate reached, and the time from order to lease counts.
/// </summary>
internal static class AuctionScenario
{
    private const int Callers = 64;
    private const string Layout = "callers and silo in one process, server beside it";
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Deployments");

    public static async Task RunAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster || PeerPostgres.Find(cluster) is not { } peer)
        {
            return;
        }

        var regions = bench.Settings.Size(100, 50);
        await using var market = await MarketHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() }, regions);
        Bench.Say($"{regions} regions of {MarketHost.BidsPerOrder} providers");
        // The compiler takes half of the CPU until some thousand auctions are over.
        await OursAsync(market, bench, bench.Settings.Size(20, 2));
        var medians = await bench.InterleaveAsync(
            PeerSide(peer, bench, cluster, "procedure, one call", "auction-once.sql", regions),
            PeerSide(peer, bench, cluster, "procedures, seven commits", "auction-seven.sql", regions),
            new Side("auctions", seconds => OursAsync(market, bench, seconds)));
        bench.AddRate("auction", "order to lease with 5 managed bids, 64 tenants at once", medians[2], 1, "PostgreSQL", Layout, medians[0], "one call, same effects");
        bench.AddRate("auction", "the same", medians[2], 3, "PostgreSQL", Layout, medians[1], "seven commits, same effects");
        await HalfLoadAsync(bench, market, medians[2].Rate / 2);
        if (await market.AuditAsync() is { } problem)
        {
            throw new InvalidOperationException("the books are not clean: " + problem);
        }
    }

    /// <summary>The CPU time of an order and its change sets, ours alone: comparable between builds even on a busy machine.</summary>
    public static async Task CostAsync(Bench bench)
    {
        if (await bench.PostgresAsync() is not { } cluster)
        {
            return;
        }

        await using var market = await MarketHost.StartAsync(new StoreOptions { Kind = "postgres", Connection = await cluster.NewDatabaseAsync() }, bench.Settings.Size(100, 50));
        await OursAsync(market, bench, bench.Settings.Size(20, 2));
        for (var round = 0; round < bench.Settings.Rounds; round++)
        {
            var (orders, commits, batches) = (market.Orders, market.Commits, market.Batches);
            var measured = await OursAsync(market, bench, bench.Settings.Seconds, () =>
            {
                orders = market.Orders - orders;
                (commits, batches) = (market.Commits - commits, market.Batches - batches);
            });
            Bench.Say(measured);
            bench.Report.Add(new Line("auction-cost", "CPU of an order to lease, both processes", measured.CpuMicroseconds / 1000, "ms", "", true)
            {
                Foreign = measured.Cpu.Foreign,
                Idle = measured.Cpu.Idle,
                Store = "PostgreSQL",
                Layout = Layout,
                Note = string.Create(CultureInfo.InvariantCulture, $"{measured.OursMicroseconds:F0} us ours, {measured.ServerMicroseconds:F0} us PostgreSQL, {(double)commits / Math.Max(1, orders):F1} change sets, {(double)batches / Math.Max(1, orders):F1} transactions"),
            });
        }
    }

    private static Side PeerSide(PeerPostgres peer, Bench bench, PostgresCluster cluster, string name, string script, int regions) => new(name, async seconds =>
    {
        await peer.RunScriptAsync(Path.Combine(Folder, "market.sql"), regions);
        return await peer.MeasureAsync(name, Path.Combine(Folder, script), Callers, seconds, bench.Postmaster, "-D", string.Create(CultureInfo.InvariantCulture, $"regions={regions}"));
    }, Warms: false);

    private static async Task<Measured> OursAsync(MarketHost market, Bench bench, int seconds, Action? measuredBy = null)
    {
        var made = new ConcurrentBag<string>();
        var measured = await Harness.Callers.RunAsync("auctions", Callers, seconds, bench.Postmaster, async (_, _) =>
        {
            made.Add((await market.AuctionAsync()).Deployment);
            return 1;
        });
        measuredBy?.Invoke();
        await market.CloseAsync(made);
        return measured;
    }

    private static async Task HalfLoadAsync(Bench bench, MarketHost market, double rate)
    {
        var machine = Machine.Watch(bench.Postmaster);
        var (started, count) = (Stopwatch.GetTimestamp(), (int)(rate * bench.Settings.Seconds));
        var latencies = new Latencies();
        var made = new List<string>();
        var under = new List<Task<(string Deployment, TimeSpan Lease)>>();
        for (var n = 0; n < Math.Max(count, 1); n++)
        {
            var due = TimeSpan.FromSeconds(n / Math.Max(rate, 1)) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(due);
            }

            under.Add(Task.Run(() => market.AuctionAsync()));
        }

        foreach (var auction in await Task.WhenAll(under))
        {
            latencies.Add(auction.Lease);
            made.Add(auction.Deployment);
        }

        var cpu = machine.Stop();
        await market.CloseAsync(made);
        Bench.Say($"{made.Count} orders at {rate:N0}/s: p50 {latencies.Percentile(0.5):F1} ms, p99 {latencies.Percentile(0.99):F1} ms; {cpu}");
        var p99 = latencies.Percentile(0.99);
        bench.Report.Add(new Line("auction", string.Create(CultureInfo.InvariantCulture, $"order to lease at half that load ({rate:N0}/s), p99"), p99, "ms", "≤ 250 ms", p99 <= 250)
        {
            P50 = latencies.Percentile(0.5), P99 = p99, Foreign = cpu.Foreign, Idle = cpu.Idle, Store = "PostgreSQL", Layout = Layout,
        });
    }
}
