using System.Text.Json;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes.Benchmarks;
using DepinGrains.Grains;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.Sweeps;
using DepinGrains.LocalRuntime;
using DepinGrains.LocalRuntime.Hosting;
using DepinGrains.LocalRuntime.Reminders;
using DepinGrains.LocalRuntime.Simulation;
using DepinGrains.Simulation.Checks;
using DepinGrains.Storage;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace DepinGrains.Simulation.Worlds;

/// <summary>Store, clock and the processes that come and go over them. There is one process at a time: crashes end it, another takes its place.</summary>
internal sealed class World : IDisposable
{
    public const int Shards = 2;

    /// <summary>Epochs in a subnet's history.</summary>
    public const int EpochsKept = 100;

    private static readonly IConfiguration Configuration = new ConfigurationBuilder().Build();
    private readonly InMemoryStore _store;
    private readonly InMemoryReminderStore _reminders = new();
    private readonly Rng _rng;
    private readonly Rng _nonces;
    private readonly List<(GrainId Id, object Reference)> _stale = [];
    private ServiceProvider? _services;
    private ProcessStore? _connection;
    private bool _crashing;
    private bool _quiet;

    public World(SimulationSettings settings, TextWriter? output)
    {
        Settings = settings;
        var seeds = new Rng(settings.Seed);
        Scheduler = new SimulationScheduler(seeds.NextBits());
        Trace = new Trace(Time, output);
        Problems = new Problems(Trace);
        Faults = new FaultPlan(seeds.Fork());
        _rng = seeds.Fork();
        Scenario = seeds.Fork();
        _nonces = seeds.Fork();
        Histories = new Histories(Problems, this);
        Ledgers = new LedgerShadow(Problems);
        _store = new InMemoryStore(MarketServices.Tables, Time) { Fault = Strike };
    }

    public SimulationSettings Settings { get; }

    public SimulationScheduler Scheduler { get; }

    public TimeProvider Time => Scheduler.Time;

    public Trace Trace { get; }

    public Problems Problems { get; }

    public FaultPlan Faults { get; }

    public Histories Histories { get; }

    public LedgerShadow Ledgers { get; }

    /// <summary>The stream operations are drawn from.</summary>
    public Rng Scenario { get; }

    public SortedDictionary<string, int> Covered { get; } = new(StringComparer.Ordinal);

    public long Commits { get; private set; }

    public LocalGrainRuntime? Runtime { get; private set; }

    /// <summary>What the grains of the process that is up are given.</summary>
    public IServiceProvider? Services => _services;

    /// <summary>The bug to plant, once the market stands.</summary>
    public PlantedBug Bug => Faults.On ? Settings.Bug : PlantedBug.None;

    public void Struck(string fault, string where)
    {
        Covered[fault] = Covered.GetValueOrDefault(fault) + 1;
        Trace.Line($"  {fault}: {where}");
    }

    public bool Forgets() => _rng.OneIn(60);

    /// <summary>A grain as a caller reaches it: now and then the caller still talks to an activation that was replaced.</summary>
    public TGrain Grain<TGrain>(Func<IGrainFactory, TGrain> get)
        where TGrain : class, IGrain
    {
        var grain = get((Runtime ?? throw new OrleansException("simulated: no process is up")).Grains);
        if (_stale.Count > 0 && _rng.OneIn(3))
        {
            var id = grain.GetGrainId();
            foreach (var (known, reference) in _stale)
            {
                if (known == id && reference is TGrain old)
                {
                    Trace.Line($"  through a stale activation of {id}");
                    return old;
                }
            }
        }

        return grain;
    }

    /// <summary>Lets the activation behind a grain live on beside its successor.</summary>
    public void Detach(IAddressable grain)
    {
        if (Runtime is { } runtime && runtime.Detach(grain.GetGrainId()))
        {
            Struck("stale activation", grain.GetGrainId().ToString());
            _stale.Add((grain.GetGrainId(), grain));
        }
    }

    /// <summary>Doubles do not live for ever: from now on callers reach the activation that serves.</summary>
    public void ForgetStale() => _stale.Clear();

    /// <summary>A process starts over the store. Hosts wake the shards; when they do not, reminders must.</summary>
    public async Task StartAsync(bool wake)
    {
        _connection = new ProcessStore(this, _store);
        _services = Build(_connection);
        var runtime = _services.GetRequiredService<LocalGrainRuntime>();
        _services.GetRequiredService<INodeNotifier>().Listen(_services.GetRequiredService<LivenessHints>());
        await runtime.StartAsync();
        Runtime = runtime;
        Trace.Line($"process up{(wake ? "" : ", nobody wakes the shards")}");
        if (wake)
        {
            await WakeAsync(runtime);
        }
    }

    /// <summary>The process dies now: its activations end at the next turn, its connection at once.</summary>
    public void CrashSoon()
    {
        if (_crashing)
        {
            return;
        }

        _crashing = true;
        _connection?.Cut();
        _ = Scheduler.Start(CrashAsync);
    }

    /// <summary>Waits until a process is up.</summary>
    public async Task UpAsync()
    {
        while (Runtime is null || _crashing)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), Time);
        }
    }

    /// <summary>A row as it stands, without faults and without being seen.</summary>
    public StoredRow? Peek(RowId id) => Quietly(() => _store.ReadAsync(id));

    /// <summary>Every row of a kind.</summary>
    public IEnumerable<StoredRow> All(string kind) => Quietly(() => _store.ListAsync(new ListQuery(kind, [], null, false, 1_000, null))).Rows;

    /// <summary>Children of a kind below a root.</summary>
    public IEnumerable<StoredRow> Children(string kind, string parent) => Quietly(() => _store.ReadChildrenAsync(kind, parent, null, 1_000));

    public long Head(string token) => Quietly(() => _store.HeadAsync(token));

    /// <summary>A node with the bookings its child rows keep.</summary>
    public NodeState Node(StoredRow row)
    {
        var state = NodeBookRows.Whole(row, Children(NodeBookRows.Kind.Table.Kind, row.Id.Key));
        Problems.Unless((state.Confirmed?.Count ?? 0) == state.Bookings.Count(static b => b.Lease is not null), $"node {row.Id.Key} counts {state.Confirmed?.Count} confirmed bookings and keeps others");
        Problems.Unless(
            JsonSerializer.Serialize(NodeRules.Free(state, state.Bookings)) == JsonSerializer.Serialize(NodeRules.Book(state, state.Bookings).Free), $"node {row.Id.Key} says in its row that something else is free than its bookings leave");
        return state;
    }

    public void Written(ChangeSet changes, StoredRow? before, StoredRow after)
    {
        Commits++;
        Trace.Line($"  {changes.Root.Id.Kind} {changes.Root.Id.Key} v{after.Version}");
        Histories.Written(changes, before, after);
    }

    public void Appended(string token, JournalBatch batch)
    {
        Commits++;
        Trace.Line($"  journal {token} {batch.Sequence}");
        Ledgers.Appended(token, batch);
    }

    public void Dispose()
    {
        Runtime?.Kill();
        _services?.Dispose();
    }

    private async Task WakeAsync(LocalGrainRuntime runtime)
    {
        for (var shard = 0; shard < Shards && ReferenceEquals(Runtime, runtime); shard++)
        {
            try
            {
                await runtime.Grains.GetGrain<ISweepGrain>(shard).WakeAsync();
                if (ReferenceEquals(Runtime, runtime))
                {
                    await runtime.Grains.GetGrain<ILivenessShardGrain>(shard).WakeAsync();
                }
            }
            catch (Exception e) when (LogWatch.IsExplained(e))
            {
                // The host tries again; here the reminders of the process before do.
            }
        }
    }

    private async Task CrashAsync()
    {
        Runtime?.Kill();
        Runtime = null;
        _stale.Clear();
        _services?.Dispose();
        await Task.Delay(TimeSpan.FromMilliseconds(_rng.Between(0, 8_000)), Time);
        _crashing = false;
        await StartAsync(wake: !_rng.OneIn(4));
    }

    private StoreFault Strike(StoreFaultPoint point)
    {
        if (_quiet)
        {
            return StoreFault.None;
        }

        var fault = Faults.Store(point.Call);
        if (fault != StoreFault.None)
        {
            Struck($"{point.Call} {fault}", point.Subject);
        }

        return fault;
    }

    private T Quietly<T>(Func<Task<T>> read)
    {
        _quiet = true;
        try
        {
            return read().GetAwaiter().GetResult();
        }
        finally
        {
            _quiet = false;
        }
    }

    private ServiceProvider Build(ProcessStore connection)
    {
        var services = new ServiceCollection();
        services.AddSingleton(Scheduler);
        services.AddSingleton(Configuration);
        services.AddSingleton(Time);
        services.AddKeyedSingleton(NetworkClock.TimeKey, Time);
        services.AddSingleton<IRowStore>(connection);
        services.AddSingleton<ILedgerJournal>(connection);
        services.AddSingleton<IReminderStore>(_reminders);
        services.AddSingleton<IIncomingGrainCallFilter>(new CallFaults(this));
        services.AddSingleton<ISecretProtector>(new AesGcmSecretProtector([new byte[32]]));
        services.AddLogging(log => log.SetMinimumLevel(LogLevel.Warning).AddProvider(new LogWatch(Problems)));
        services.AddMarket(Configuration);
        services.AddSingleton<ILedgerWriterIds>(new WriterIds(_rng));
        services.AddSingleton<IBenchmarkNonces>(new Nonces(_nonces));
        services.Configure<SweepOptions>(static o => (o.Shards, o.Every) = (Shards, TimeSpan.FromSeconds(20)));
        services.Configure<LivenessOptions>(static o =>
        {
            (o.Shards, o.IntervalMin, o.IntervalMax) = (Shards, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60));
            (o.Tick, o.TickCountsAtMost, o.RefreshPeriod) = (TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(2));
        });
        services.Configure<LedgerOptions>(static o =>
        {
            // Time stands still between turns, so nobody may wait for it to pass while yielding.
            (o.GatherMax, o.Tick) = (TimeSpan.Zero, TimeSpan.FromSeconds(15));
            (o.SnapshotTransfers, o.IndexBatch, o.FilterBytesMax) = (25, 6, 1 << 16);
        });
        services.Configure<DeploymentOptions>(static o =>
        {
            (o.RescreenEvery, o.InsufficientFundsGrace, o.BidsMax, o.ManagedBidsMax) = (TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(1), 4, 3);
        });
        services.Configure<SubnetOptions>(static o =>
        {
            (o.Limit, o.MinLock, o.LockInterval, o.Immunity, o.CreateRateLimit) = (2, 10_000_000_000, 20, 10, 3);
            (o.RootTempo, o.RootMembers, o.EpochsPerCall, o.HistoryMax) = (10, 2, 20, EpochsKept);
        });
        services.AddLocalGrains(static options => options.AddAssembly(typeof(MarketServices).Assembly));
        return services.BuildServiceProvider();
    }

    private sealed class Nonces(Rng rng) : IBenchmarkNonces
    {
        public byte[] Next()
        {
            var nonce = new byte[(BenchmarkWork.NonceBytes + 7) / 8 * 8];
            for (var at = 0; at < nonce.Length; at += 8)
            {
                BitConverter.TryWriteBytes(nonce.AsSpan(at), rng.NextBits());
            }

            return nonce[..BenchmarkWork.NonceBytes];
        }
    }

    private sealed class WriterIds(Rng rng) : ILedgerWriterIds
    {
        public byte[] Next()
        {
            var id = new byte[16];
            BitConverter.TryWriteBytes(id, rng.NextBits());
            BitConverter.TryWriteBytes(id.AsSpan(8), rng.NextBits());
            return id;
        }
    }
}
