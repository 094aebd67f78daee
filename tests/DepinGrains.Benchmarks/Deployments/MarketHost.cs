using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Deployments;

/// <summary>The whole market in this process on a real store: regions of five managed providers, each with one large node; an order asks for a region.</summary>
internal sealed class MarketHost : IAsyncDisposable
{
    public const int BidsPerOrder = 5;
    private const int Tenants = 1_000;
    private readonly IHost _host;
    private readonly DepinStore _store;
    private readonly int _regions;
    private readonly MeterListener _meters = new();
    private int _orders;
    private long _commits;
    private long _batches;

    private MarketHost(IHost host, DepinStore store, int regions) => (_host, _store, _regions) = (host, store, regions);

    /// <summary>Orders made so far.</summary>
    public int Orders => Volatile.Read(ref _orders);

    /// <summary>Transactions so far, the ledgers' included.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    /// <summary>Change sets written so far.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    private ILedgerGrain Ledger => Grains.GetGrain<ILedgerGrain>("uact");

    public static async Task<MarketHost> StartAsync(StoreOptions options, int regions)
    {
        var store = StoreRegistration.Open(options, MarketServices.Tables);
        await store.Migrator.MigrateAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]),
            // Nobody beats here; the nodes must not be declared dead for it.
            ["Liveness:IntervalMin"] = "00:10:00",
            ["Liveness:IntervalMax"] = "00:10:00",
            ["Nodes:ReservationsMax"] = "10000",
        });
        builder.Services.AddSingleton(store.Rows);
        builder.Services.AddSingleton(store.Events);
        builder.Services.AddSingleton(store.Journal);
        builder.Services.AddMarket(builder.Configuration);
        GrainHost.Add(builder);
        var host = builder.Build();
        await host.StartAsync();
        var market = new MarketHost(host, store, regions);
        await market.SeedAsync();
        market.Count();
        return market;
    }

    /// <summary>One auction: the order goes in, the lease is there, the losers have their deposits and reservations back. Answers the deployment and how long the lease took.</summary>
    public async Task<(string Deployment, TimeSpan Lease)> AuctionAsync(CancellationToken cancel = default)
    {
        var number = Interlocked.Increment(ref _orders);
        var tenant = Tenant(number % Tenants);
        var id = string.Create(CultureInfo.InvariantCulture, $"{tenant}/{number}");
        var deployment = Grains.GetGrain<IDeploymentGrain>(id);
        var started = Stopwatch.GetTimestamp();
        var view = (await deployment.CreateAsync(new CreateDeployment("create-" + id, tenant, Sdl(number % _regions), 1_000_000, WinnerRule.Lowest))).Require();
        while (view.Groups[0].Order.LeaseId is null)
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(30))
            {
                throw new TimeoutException($"{id} got no lease: {view.Groups[0].Order.Problem} {(await deployment.WhyAsync(1, 1)).Value?.Verdicts.FirstOrDefault()}");
            }

            // The grain's own timer takes the steps; a question asked meanwhile waits for its turn.
            await Task.Delay(1, cancel);
            view = (await deployment.GetAsync()).Require();
        }

        var took = Stopwatch.GetElapsedTime(started);
        var bids = view.Groups[0].Order.Bids;
        return bids.Length == BidsPerOrder && bids.Count(static b => b.Status == BidStatus.Lost) == BidsPerOrder - 1
            ? (id, took)
            : throw new InvalidOperationException($"{id}: {string.Join(", ", bids.Select(static b => $"{b.Provider} {b.Status}"))}");
    }

    /// <summary>Ends deployments, so that nodes do not fill up over the rounds.</summary>
    public Task CloseAsync(IEnumerable<string> deployments) => Parallel.ForEachAsync(
        deployments, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (id, _) => (await Grains.GetGrain<IDeploymentGrain>(id).CloseAsync("close-" + id, id[..id.IndexOf('/', StringComparison.Ordinal)])).Require());

    /// <summary>Null when the books are clean.</summary>
    public async Task<string?> AuditAsync() => (await Ledger.AuditAsync()) is { IsClean: false } audit ? string.Join("; ", audit.Problems) : null;

    public async ValueTask DisposeAsync()
    {
        _meters.Dispose();
        await _host.StopAsync();
        _host.Dispose();
        await _store.DisposeAsync();
    }

    private void Count()
    {
        _meters.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == StoreMetrics.MeterName && instrument.Name is "depin.store.commits" or "depin.store.batch.items")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _commits, count));
        _meters.SetMeasurementEventCallback<int>((_, _, _, _) => Interlocked.Increment(ref _batches));
        _meters.Start();
    }

    private async Task SeedAsync()
    {
        for (var i = 0; i < Tenants; i++)
        {
            await MintAsync(Tenant(i));
        }

        await Parallel.ForAsync(0, _regions * BidsPerOrder, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => await AddProviderAsync(i));
        for (var shard = 0; shard < 4; shard++)
        {
            await Grains.GetGrain<ISweepGrain>(shard).WakeAsync();
        }
    }

    private async Task AddProviderAsync(int i)
    {
        var (id, region) = (string.Create(CultureInfo.InvariantCulture, $"id_provider_{i:D6}"), Region(i / BidsPerOrder));
        var pricing = UsdPricing.Default with { CpuUsd = string.Create(CultureInfo.InvariantCulture, $"{1 + (i * 7 % BidsPerOrder)}.{i % 10}0") };
        (await Grains.GetGrain<IProviderGrain>(id).PutAsync("put-" + id, new ProviderProfile(id, [new Fact("region", region)], pricing, "http://localhost"))).Require();
        await MintAsync(id);
        var node = Grains.GetGrain<INodeGrain>(string.Create(CultureInfo.InvariantCulture, $"node_bench_{i:D6}"));
        var hardware = new HardwareInventory("Bench CPU", "x64", 4_096_000, 1L << 46, [new("ephemeral", 1L << 48)], [], "linux", 20_000, 60_000, ["container", "native"]);
        (await node.JoinAsync("join-" + id, new NodeRegistration(id, "key-" + id, hardware, region, "127.0.0.1", []))).Require();
        (await node.ConnectAsync("boot", hardware)).Require();
    }

    private async Task MintAsync(string identity) => (await Ledger.ExecuteAsync(new Transfer(
        "mint/" + identity, TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -1_000_000_000_000), new Leg(LedgerAccounts.Wallet(identity), 1_000_000_000_000)]))).Require();

    private static string Tenant(int i) => string.Create(CultureInfo.InvariantCulture, $"id_tenant_{i:D6}");

    private static string Region(int i) => string.Create(CultureInfo.InvariantCulture, $"r{i}");

    private static string Sdl(int region) => $"""
        version: "2.0"
        services:
          web:
            image: nginx:1.25
            expose:
              - port: 80
                to:
                  - global: true
        profiles:
          compute:
            web:
              resources:
                cpu:
                  units: 1
                memory:
                  size: 512Mi
                storage:
                  size: 1Gi
          placement:
            here:
              attributes:
                region: {Region(region)}
              pricing:
                web:
                  denom: uact
                  amount: 1000
        deployment:
          web:
            here:
              profile: web
              count: 1
        """;
}
