using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Http;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains;
using DepinGrains.Storage.Hosting;

namespace DepinGrains.Benchmarks.Nodes;

/// <summary>
/// Heartbeats over the wire: a loader process holds thousands of agents' WebSockets to a standalone process, each with its own node; one beat per message, the next when the last was acknowledged.
/// Afterwards one in a hundred falls silent with its connection open, the others go on at full load.
/// </summary>
internal static class SocketScenario
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(Bench bench)
    {
        using var data = new TemporaryFolder();
        using var key = SigningKey.Generate();
        string[] ids;
        await using (var store = StoreRegistration.Open(new() { Kind = "sqlite", Connection = data.File("depin.db") }, MarketServices.Tables))
        {
            await store.Migrator.MigrateAsync();
            ids = await HeartbeatHost.SeedAsync(store.Rows, 2_000, key.PublicKey, NodeStatus.Offline);
        }

        await using var server = await StandaloneServer.StartAsync(
            data.Path, "--Standalone:Agent", "false", "--Http:AddressRequestsPerSecond", "0", "--AgentEndpoint:MessagesPerSecond", "100000", "--AgentEndpoint:MessageBurst", "100000",
            "--Liveness:IntervalMin", Interval.ToString("c", CultureInfo.InvariantCulture), "--Liveness:IntervalMax", Interval.ToString("c", CultureInfo.InvariantCulture));
        await using var loader = await Child.LoaderAsync("sockets", new SocketLoad(server.Address.ToString(), key.ToPem(), ids, bench.Settings.Size(20, 8), bench.Settings.Seconds * bench.Settings.Rounds, (int)(3 * Interval.TotalSeconds) + 4));
        await using var rows = StoreRegistration.Open(new() { Kind = "sqlite", Connection = data.File("depin.db") }, MarketServices.Tables);
        var machine = Machine.Watch();
        var going = loader.GoAsync<SocketLoaded>();
        var flooded = await going;
        var cpu = machine.Stop();
        Bench.Say($"{flooded.Connections:N0} connections, {flooded.Rate:N0} beats/s acknowledged; {cpu}");
        const string layout = "standalone and loader are processes of their own";
        bench.AddRate(
            "heartbeats-wire", string.Create(CultureInfo.InvariantCulture, $"{flooded.Connections:N0} connections, one beat per message, acknowledged"),
            Median.Of([new Measured("beats over the wire", flooded.Rate, flooded.P50, flooded.P99, flooded.Seconds, cpu)]), 30_000, "SQLite", layout);
        await SilenceAsync(bench, loader, rows, flooded.Silent, layout);
    }

    private static async Task SilenceAsync(Bench bench, Child loader, DepinStore rows, int silent, string layout)
    {
        var before = await HeartbeatHost.OfflineAsync(rows.Rows);
        var machine = Machine.Watch();
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        var limit = (3 * Interval) + TimeSpan.FromSeconds(1);
        var ending = loader.GoAsync<SocketLoaded>();
        var known = double.PositiveInfinity;
        var offline = 0L;
        while (!ending.IsCompleted)
        {
            offline = await HeartbeatHost.OfflineAsync(rows.Rows) - before;
            if (offline >= silent && double.IsInfinity(known))
            {
                known = System.Diagnostics.Stopwatch.GetElapsedTime(begun).TotalSeconds;
            }

            await Task.Delay(50);
        }

        var loaded = await ending;
        var cpu = machine.Stop();
        var wrong = Math.Max(0, offline - silent) + before;
        Bench.Say($"{offline} offline of {silent} silent, the last known after {known:F2} s (limit {limit.TotalSeconds:F0} s), {wrong} of the living declared dead, {loaded.Rate:N0} beats/s meanwhile; {cpu}");
        bench.AddAtMost(
            "heartbeats-wire", string.Create(CultureInfo.InvariantCulture, $"the last of {silent} silent nodes written down as offline, the others at full load ({loaded.Rate:N0}/s)"),
            double.IsInfinity(known) ? 999 : known, "s", limit.TotalSeconds, cpu, "SQLite", layout, "3 intervals of 5 s + 1 s");
        bench.AddAtMost("heartbeats-wire", "living nodes declared dead meanwhile", wrong, "nodes", 0, cpu, "SQLite", layout);
    }
}
