using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>One silo (or the local runtime) over a real SQLite file, with our clock in the test's hands. Disposing and starting another over the same folder is a restart.</summary>
public sealed class NodeCluster : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly bool _ownsFolder;

    private NodeCluster(IHost host, DepinStore store, string folder, bool ownsFolder, ManualTime time, NodeNotifier notifier)
    {
        (_host, Store, Folder, _ownsFolder, Time, Notifier) = (host, store, folder, ownsFolder, time, notifier);
    }

    public DepinStore Store { get; }

    public string Folder { get; }

    public ManualTime Time { get; }

    public NodeNotifier Notifier { get; }

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public IRowStore Rows => Store.Rows;

    public INodeGrain Node(string id) => Grains.GetGrain<INodeGrain>(id);

    /// <param name="clock">Another clock than the test's own, which then does nothing.</param>
    public static async Task<NodeCluster> StartAsync(string? folder = null, ManualTime? time = null, TimeProvider? clock = null)
    {
        var owns = folder is null;
        folder ??= Directory.CreateTempSubdirectory("depin-node-").FullName;
        time ??= new ManualTime(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var store = StoreRegistration.Open(new() { Kind = "sqlite", Connection = Path.Combine(folder, "depin.db") }, NodeRows.Tables, clock ?? time);
        await store.Migrator.MigrateAsync();
        var notifier = new NodeNotifier();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]),
            ["Liveness:Shards"] = "1",
            ["Liveness:IntervalMin"] = "00:00:01",
            ["Liveness:Tick"] = "00:00:00.02",
            ["Liveness:TickCountsAtMost"] = "00:00:00.5",
            ["Liveness:RefreshPeriod"] = "00:00:01",
        });
        builder.Services.AddSingleton(store.Rows);
        builder.Services.AddSingleton(store.Events);
        builder.Services.AddKeyedSingleton(NetworkClock.TimeKey, clock ?? time);
        builder.Services.AddOptions<NetworkOptions>();
        builder.Services.AddSingleton<NetworkClock>();
        builder.Services.AddSingleton<INodeNotifier>(notifier);
        AddGrains(builder);
        builder.Services.AddDepinNodes(builder.Configuration);
        var host = builder.Build();
        await host.StartAsync();
        return new NodeCluster(host, store, folder, owns, time, notifier);
    }

    /// <summary>Types of all events of a topic so far.</summary>
    public async Task<string[]> EventsAsync(string topic) => [.. (await Store.Events.ReadAsync(0, topic, 1_000)).Events.Select(e => e.Type)];

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await Store.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static void AddGrains(HostApplicationBuilder builder)
    {
#if LOCAL_RUNTIME
        DepinGrains.LocalRuntime.Hosting.LocalGrainServiceCollectionExtensions.AddLocalGrains(builder.Services, static options => options.AddAssembly(typeof(NodeGrain).Assembly));
#else
        builder.UseOrleans(static silo =>
        {
            Orleans.Hosting.CoreHostingExtensions.UseLocalhostClustering(silo, Testing.Ports.Free(), Testing.Ports.Free(), null, "t" + Guid.NewGuid().ToString("N"));
            Orleans.Hosting.SiloBuilderReminderMemoryExtensions.UseInMemoryReminderService(silo);
        });
#endif
    }
}
