using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>One silo over a real SQLite file, with our clock in the test's hands. Disposing and starting another over the same folder is a restart.</summary>
public sealed class NodeCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly bool _ownsFolder;

    private NodeCluster(InProcessTestCluster cluster, DepinStore store, string folder, bool ownsFolder, ManualTime time, NodeNotifier notifier)
    {
        (_cluster, Store, Folder, _ownsFolder, Time, Notifier) = (cluster, store, folder, ownsFolder, time, notifier);
    }

    public DepinStore Store { get; }

    public string Folder { get; }

    public ManualTime Time { get; }

    public NodeNotifier Notifier { get; }

    public IGrainFactory Grains => _cluster.Client;

    public IRowStore Rows => Store.Rows;

    public INodeGrain Node(string id) => Grains.GetGrain<INodeGrain>(id);

    public static async Task<NodeCluster> StartAsync(string? folder = null, ManualTime? time = null, Action<IServiceCollection>? services = null)
    {
        var owns = folder is null;
        folder ??= Directory.CreateTempSubdirectory("depin-node-").FullName;
        time ??= new ManualTime(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var store = StoreRegistration.Open(new() { Kind = "sqlite", Connection = Path.Combine(folder, "depin.db") }, NodeRows.Tables, time);
        await store.Migrator.MigrateAsync();
        var notifier = new NodeNotifier();
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.UseInMemoryReminderService();
            silo.Services.AddSingleton(store.Rows);
            silo.Services.AddSingleton(store.Events);
            silo.Services.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, time);
            silo.Services.AddSingleton<NetworkClock>();
            silo.Services.AddSingleton<INodeNotifier>(notifier);
            silo.Services.AddSingleton<ISecretProtector>(new AesGcmSecretProtector([new byte[32]]));
            services?.Invoke(silo.Services);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new NodeCluster(cluster, store, folder, owns, time, notifier);
    }

    /// <summary>Types of all events of a topic so far.</summary>
    public async Task<string[]> EventsAsync(string topic) => [.. (await Store.Events.ReadAsync(0, topic, 1_000)).Events.Select(e => e.Type)];

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await Store.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
