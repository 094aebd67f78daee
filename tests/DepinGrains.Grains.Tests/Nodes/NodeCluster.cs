using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Grains.Tests.Hosting;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>One silo over a real SQLite file, with our clock in the test's hands. Disposing and starting another over the same folder is a restart.</summary>
public sealed class NodeCluster : IAsyncDisposable
{
    private readonly GrainHost _host;
    private readonly bool _ownsFolder;

    private NodeCluster(GrainHost host, DepinStore store, string folder, bool ownsFolder, ManualTime time, NodeNotifier notifier)
    {
        (_host, Store, Folder, _ownsFolder, Time, Notifier) = (host, store, folder, ownsFolder, time, notifier);
    }

    public DepinStore Store { get; }

    public string Folder { get; }

    public ManualTime Time { get; }

    public NodeNotifier Notifier { get; }

    public IGrainFactory Grains => _host.Grains;

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
        var host = await GrainHost.StartAsync(silo =>
        {
            silo.AddSingleton(store.Rows);
            silo.AddSingleton(store.Events);
            silo.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, time);
            silo.AddSingleton<NetworkClock>();
            silo.AddSingleton<INodeNotifier>(notifier);
            silo.AddSingleton<ISecretProtector>(new AesGcmSecretProtector([new byte[32]]));
            services?.Invoke(silo);
        });
        return new NodeCluster(host, store, folder, owns, time, notifier);
    }

    /// <summary>Types of all events of a topic so far.</summary>
    public async Task<string[]> EventsAsync(string topic) => [.. (await Store.Events.ReadAsync(0, topic, 1_000)).Events.Select(e => e.Type)];

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await Store.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
