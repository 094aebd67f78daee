using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>One silo in this process with real ledgers on a real store, and callers beside it.</summary>
internal sealed class LedgerHost : IAsyncDisposable
{
    public const int Accounts = 10_000;
    private readonly IHost _host;
    private readonly DepinStore _store;
    private int _runs;

    private LedgerHost(IHost host, DepinStore store) => (_host, _store) = (host, store);

    public ILedgerGrain Ledger => _host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILedgerGrain>("uakt");

    public Storage.Journal.ILedgerJournal Journal => _store.Journal;

    public static async Task<LedgerHost> StartAsync(StoreOptions options, Action<LedgerOptions>? configure = null)
    {
        var store = StoreRegistration.Open(options, []);
        await store.Migrator.MigrateAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(store.Journal);
        builder.Services.AddLedgers();
        builder.Services.Configure<LedgerOptions>(o => configure?.Invoke(o));
        builder.UseOrleans(silo => silo.UseLocalhostClustering(FreePort(), FreePort()));
        var host = builder.Build();
        await host.StartAsync();
        var ledger = new LedgerHost(host, store);
        await ledger.SeedAsync();
        return ledger;
    }

    /// <summary>Closed-loop callers for some seconds; answers per second count single transfers.</summary>
    public async Task<Measured> MeasureAsync(string name, int callers, int perCall, bool fee, int seconds, int serverPid)
    {
        var run = Interlocked.Increment(ref _runs);
        var ledger = Ledger;
        var machine = Machine.Watch(serverPid);
        var started = Stopwatch.GetTimestamp();
        var end = started + (seconds * Stopwatch.Frequency);
        var loops = Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(ledger, (run * 1000) + caller, perCall, fee, end))).ToArray();
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(loops))
        {
            all.Merge(latencies);
        }

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Measured(name, all.Count / elapsed, all.Percentile(0.5), all.Percentile(0.99), elapsed, machine.Stop());
    }

    /// <summary>Waits until the index stands at the journal's head; answers the transfers indexed in a second meanwhile.</summary>
    public async Task DrainIndexAsync()
    {
        while (await Journal.IndexedThroughAsync("uakt") < await Journal.HeadAsync("uakt"))
        {
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _store.DisposeAsync();
    }

    private static async Task<Latencies> CallAsync(ILedgerGrain ledger, int seed, int perCall, bool fee, long end)
    {
        var latencies = new Latencies();
        var random = new Random(seed);
        for (var n = 0; Stopwatch.GetTimestamp() < end;)
        {
            var started = Stopwatch.GetTimestamp();
            if (perCall == 1)
            {
                Check((await ledger.ExecuteAsync(Next(random, seed, n++, fee))).IsOk);
            }
            else
            {
                var many = ImmutableArray.CreateBuilder<Transfer>(perCall);
                for (var i = 0; i < perCall; i++)
                {
                    many.Add(Next(random, seed, n++, fee));
                }

                foreach (var answer in await ledger.ExecuteManyAsync(many.MoveToImmutable()))
                {
                    Check(answer.IsOk);
                }
            }

            latencies.Add(started, perCall);
        }

        return latencies;
    }

    private static Transfer Next(Random random, int seed, int n, bool fee)
    {
        // The length of a UUID, as the peer's keys.
        var id = string.Create(CultureInfo.InvariantCulture, $"b{seed:D9}-{random.NextInt64():x16}-{n:D8}");
        var from = random.Next(Accounts);
        var to = (from + 1 + random.Next(Accounts - 1)) % Accounts;
        var amount = random.Next(1, 101);
        ImmutableArray<Leg> legs = fee
            ? [new Leg(Names[from], -amount - 1), new Leg(Names[to], amount), new Leg(LedgerAccounts.CommunityPool, 1)]
            : [new Leg(Names[from], -amount), new Leg(Names[to], amount)];
        return new Transfer(id, TransferKind.Post, legs);
    }

    private static readonly string[] Names = [.. Enumerable.Range(0, Accounts).Select(i => LedgerAccounts.Wallet(i.ToString("D8", CultureInfo.InvariantCulture)))];

    private static void Check(bool ok)
    {
        if (!ok)
        {
            throw new InvalidOperationException("a transfer that cannot fail was refused");
        }
    }

    private async Task SeedAsync()
    {
        for (var first = 0; first < Accounts; first += 1000)
        {
            ImmutableArray<Transfer> mints = [.. Enumerable.Range(first, 1000).Select(i =>
                new Transfer($"mint/{i}", TransferKind.Post, [new Leg(LedgerAccounts.Issuance, -1_000_000_000_000), new Leg(Names[i], 1_000_000_000_000)]))];
            await Ledger.ExecuteManyAsync(mints);
        }

        await DrainIndexAsync();
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
