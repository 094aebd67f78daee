using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Tests.Hosting;
using DepinGrains.Storage.Journal;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>A clock that stands until it is moved.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);
}

/// <summary>One process with real ledger grains on a given journal.</summary>
internal sealed class LedgerCluster : IAsyncDisposable
{
    private readonly GrainHost _host;

    private LedgerCluster(GrainHost host, ManualClock clock) => (_host, Clock) = (host, clock);

    public ManualClock Clock { get; }

    public static async Task<LedgerCluster> StartAsync(ILedgerJournal journal, Action<LedgerOptions>? configure = null, ManualClock? clock = null)
    {
        clock ??= new ManualClock();
        var host = await GrainHost.StartAsync(services =>
        {
            services.AddSingleton(journal);
            services.AddKeyedSingleton<TimeProvider>(LedgerServiceCollectionExtensions.ClockKey, clock);
            services.AddLedgers();
            services.Configure<LedgerOptions>(options =>
            {
                options.Tick = TimeSpan.FromMilliseconds(20);
                configure?.Invoke(options);
            });
        });
        return new LedgerCluster(host, clock);
    }

    public ILedgerGrain Ledger(string token = "uakt") => _host.Grains.GetGrain<ILedgerGrain>(token);

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}

/// <summary>Waiting for conditions, with a bound.</summary>
internal static class Eventually
{
    public static async Task<T> Async<T>(Func<Task<T>> probe, Func<T, bool> condition, string what, int seconds = 20)
    {
        var deadline = TimeProvider.System.GetTimestamp() + (seconds * TimeProvider.System.TimestampFrequency);
        while (true)
        {
            var value = await probe();
            if (condition(value))
            {
                return value;
            }

            Assert.True(TimeProvider.System.GetTimestamp() < deadline, $"not within {seconds} s: {what}; last {value}");
            await Task.Delay(5);
        }
    }
}

/// <summary>Short ways to say what a ledger should do.</summary>
internal static class Ops
{
    public static Transfer Post(string id, string from, string to, long amount, string memo = "") =>
        new(id, TransferKind.Post, [new Leg(from, -amount), new Leg(to, amount)], Memo: memo);

    public static Transfer Mint(string id, string to, long amount) => Post(id, LedgerAccounts.Issuance, to, amount);

    public static Transfer Hold(string id, string account, long amount, DateTimeOffset? expires = null) =>
        new(id, TransferKind.Hold, [new Leg(account, -amount)], ExpiresAt: expires);

    public static Transfer Capture(string id, string hold, string to, long amount, bool close = false) =>
        new(id, TransferKind.Capture, [new Leg(to, amount)], hold, close);

    public static Transfer Release(string id, string hold) => new(id, TransferKind.Release, [], hold);
}
