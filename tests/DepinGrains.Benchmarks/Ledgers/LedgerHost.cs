using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>One silo in this process with real ledgers on a real store, and callers beside it.</summary>
internal sealed class LedgerHost : IAsyncDisposable
{
    public const int Accounts = 10_000;
    private readonly IHost _host;
    private readonly DepinStore _store;
    private int _runs;

    private LedgerHost(IHost host, DepinStore store) => (_host, _store) = (host, store);

    public const string Token = "uakt";

    public ILedgerGrain Ledger => _host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILedgerGrain>(Token);

    public Storage.Journal.ILedgerJournal Journal => _store.Journal;

    public static async Task<LedgerHost> StartAsync(StoreOptions options, bool seed = true)
    {
        var store = StoreRegistration.Open(options, []);
        await store.Migrator.MigrateAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton(store.Journal);
        builder.Services.AddLedgers();
        GrainHost.Add(builder);
        var host = builder.Build();
        await host.StartAsync();
        var ledger = new LedgerHost(host, store);
        if (seed)
        {
            await ledger.SeedAsync();
        }

        return ledger;
    }

    /// <summary>Closed-loop callers for some seconds; answers per second count single transfers.</summary>
    public async Task<Measured> MeasureAsync(string name, int callers, int perCall, bool fee, int seconds, int serverPid)
    {
        var run = Interlocked.Increment(ref _runs);
        var ledger = Ledger;
        var randoms = Enumerable.Range(0, callers).Select(caller => new Random((run * 1000) + caller)).ToArray();
        return await Callers.RunAsync(name, callers, seconds, serverPid, async (caller, n) =>
        {
            await CallAsync(ledger, randoms[caller], (run * 1000) + caller, n, perCall, fee);
            return perCall;
        });
    }

    /// <summary>Sends at a fixed rate, whatever the answers take, at most 64 calls under way; answers how many transfers were made.</summary>
    public async Task<long> PaceAsync(int rate, int perCall, int seconds)
    {
        var run = Interlocked.Increment(ref _runs);
        var (ledger, started, sent) = (Ledger, Stopwatch.GetTimestamp(), 0L);
        var calls = rate / perCall * seconds;
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(caller => Task.Run(async () =>
        {
            var random = new Random((run * 1000) + caller);
            for (var n = 0; Interlocked.Increment(ref next) is var call && call <= calls; n++)
            {
                var due = TimeSpan.FromSeconds((double)call * perCall / rate) - Stopwatch.GetElapsedTime(started);
                if (due > TimeSpan.FromMilliseconds(1))
                {
                    await Task.Delay(due);
                }

                await CallAsync(ledger, random, (run * 1000) + caller, n, perCall, fee: false);
                Interlocked.Add(ref sent, perCall);
            }
        })));
        return sent;
    }

    /// <summary>Waits until the index stands at the journal's head.</summary>
    public async Task DrainIndexAsync()
    {
        while (await Journal.IndexedThroughAsync(Token) < await Journal.HeadAsync(Token))
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

    private static async Task CallAsync(ILedgerGrain ledger, Random random, int seed, int n, int perCall, bool fee)
    {
        if (perCall == 1)
        {
            Check((await ledger.ExecuteAsync(Next(random, seed, n, fee))).IsOk);
            return;
        }

        var many = ImmutableArray.CreateBuilder<Transfer>(perCall);
        for (var i = 0; i < perCall; i++)
        {
            many.Add(Next(random, seed, (n * perCall) + i, fee));
        }

        foreach (var answer in await ledger.ExecuteManyAsync(many.MoveToImmutable()))
        {
            Check(answer.IsOk);
        }
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
}
