using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Nodes;

/// <summary>Node and liveness grains in this process over rows written beforehand.</summary>
internal static class HeartbeatHost
{
    /// <summary>Hardware all nodes claim.</summary>
    public static readonly HardwareInventory Hardware = new("Bench CPU", "x64", 8_000, 16L << 30, [new("ephemeral", 100L << 30)], [], "linux", 30_000, 30_099, ["native"]);

    /// <summary>Writes nodes that share one key; answers their ids.</summary>
    public static async Task<string[]> SeedAsync(IRowStore rows, int count, string publicKey, NodeStatus status)
    {
        var ids = Enumerable.Range(0, count).Select(static i => NodeIds.ForKey(BitConverter.GetBytes(i))).ToArray();
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (id, _) =>
        {
            var now = DateTimeOffset.UtcNow;
            var state = new NodeState
            {
                Id = id, Provider = "id_bench", PublicKey = publicKey, Region = "eu", Host = "127.0.0.1", Hardware = Hardware, Liveness = status, Session = 1, JoinedAt = now, LastSeenAt = now, UpdatedAt = now,
            };
            await rows.CommitAsync(new ChangeSet(new RootWrite(RowId.Root("node", id), 0, NodeRows.Node.Columns(state), Grains.State.RowJson.Write(state)), [], [], []));
        });
        return ids;
    }

    public static async Task<IHost> StartAsync(DepinStore store, TimeSpan interval)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]),
            ["Liveness:IntervalMin"] = interval.ToString("c", CultureInfo.InvariantCulture),
            ["Liveness:IntervalMax"] = interval.ToString("c", CultureInfo.InvariantCulture),
        });
        builder.Services.AddSingleton(store.Rows);
        builder.Services.AddSingleton(store.Events);
        builder.Services.AddKeyedSingleton(NetworkClock.TimeKey, TimeProvider.System);
        builder.Services.AddOptions<NetworkOptions>();
        builder.Services.AddSingleton<NetworkClock>();
        GrainHost.Add(builder);
        builder.Services.AddDepinNodes(builder.Configuration);
        var host = builder.Build();
        await host.StartAsync();
        var shards = host.Services.GetRequiredService<LivenessShards>();
        await Task.WhenAll(Enumerable.Range(0, shards.Count).Select(index => shards.Shard(index).WakeAsync()));
        return host;
    }

    /// <summary>How many nodes are written down as offline.</summary>
    public static async Task<long> OfflineAsync(IRowStore rows) =>
        (await rows.CountByAsync("node", "status", [new Filter("status", Comparison.Equal, "offline")])).Sum(static group => group.Count);

    /// <summary>Batches of a shard's nodes as a gateway sends them.</summary>
    public static ImmutableArray<Beat>[] Batches(LivenessShards shards, IEnumerable<string> ids, int shard, int size) =>
        [.. ids.Where(id => shards.IndexOf(id) == shard).Select(static id => new Beat(id, 1, 0)).Chunk(size).Select(ImmutableArray.Create)];
}
