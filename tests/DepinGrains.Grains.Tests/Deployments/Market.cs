using System.Diagnostics.Metrics;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.Sweeps;
using DepinGrains.Grains.Tests.Hosting;
using DepinGrains.Grains.Tests.Ledgers;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>
/// The whole market on real grains of either runtime: the store outlives <see cref="RestartAsync"/> as a database does, the clock moves only when told, and no sweep runs but those asked for.
/// Every test takes a <see cref="MarketRegion"/> of its own: orders ask for its attribute, so tests do not see each other's providers.
/// </summary>
public sealed class Market : IAsyncLifetime
{
    private GrainHost _host = null!;
    private int _regions;

    /// <summary>Rows the sweep reads at once, and how many pages of them in a round.</summary>
    public int SweepBatch { get; init; } = 200;

    public int SweepPages { get; init; } = 16;

    /// <summary>Scope of this market's meters: tests beside it must not be heard.</summary>
    public IMeterFactory Meters { get; } = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();

    /// <summary>Bounds of subnets; without it their locks cost nothing and may be opened at once.</summary>
    public Action<SubnetOptions>? Subnets { get; init; }

    /// <summary>Rules of the market other than the usual ones.</summary>
    public Action<DeploymentOptions>? Deployments { get; init; }

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    public InMemoryStore Store { get; private set; } = null!;

    /// <summary>How many rows of a kind lists answered since the last look.</summary>
    public CountedRows Rows { get; private set; } = null!;

    public IGrainFactory Grains => _host.Grains;

    internal ILedgerGrain Ledger => Grains.GetGrain<ILedgerGrain>("uact");

    internal ILedgerGrain LedgerOf(string token) => Grains.GetGrain<ILedgerGrain>(token);

    internal async Task<long> PostedAsync(string token, string account) => (await LedgerOf(token).GetBalanceAsync(account)).Posted;

    public async ValueTask InitializeAsync()
    {
        Store = new InMemoryStore(MarketServices.Tables, Time);
        Rows = new CountedRows(Store);
        _host = await GrainHost.StartAsync(Register);
    }

    /// <summary>The process goes away and another takes its place over the same store.</summary>
    public async Task RestartAsync()
    {
        await _host.DisposeAsync();
        _host = await GrainHost.StartAsync(Register);
    }

    /// <summary>Another process over the same store, as if a second silo believed itself alone.</summary>
    internal Task<GrainHost> SecondAsync() => GrainHost.StartAsync(Register);

    public MarketRegion NewRegion() => new(this, string.Create(CultureInfo.InvariantCulture, $"r{Interlocked.Increment(ref _regions)}"));

    /// <summary>One round of every shard of the sweep.</summary>
    public async Task SweepAsync()
    {
        for (var shard = 0; shard < 4; shard++)
        {
            await Grains.GetGrain<ISweepGrain>(shard).SweepAsync();
        }
    }

    /// <summary>Money is conserved: the books are clean, and what was minted is somewhere.</summary>
    public async Task AssertBooksCleanAsync()
    {
        foreach (var token in (string[])["uact", "uakt", "uusdc", "rao", "uact.uakt", "uact.uusdc"])
        {
            var audit = await LedgerOf(token).AuditAsync();
            Assert.Empty(audit.Problems);
            Assert.Equal(0, audit.SumOfBalances);
        }
    }

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    private void Register(IServiceCollection services)
    {
        services.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, Time);
        services.AddSingleton(Meters);
        services.AddSingleton<IRowStore>(Rows);
        services.AddSingleton<ILedgerJournal>(Store);
        services.AddSingleton<NetworkClock>();
        services.AddSingleton<NetworkParameters>();
        services.Configure<ParameterOptions>(static o => (o.RefreshAfter, o.Notice) = (TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(5)));
        services.Configure<OracleOptions>(static o => o.Seed["uusdc"] = "1");
        services.Configure<IssuanceOptions>(static o => (o.DayMax["uakt"], o.DayMax["uact"]) = (1_000, 1_000));
        services.AddMarketMeters();
        services.AddSingleton<MarketIndex>();
        services.AddSingleton<IOrderScreening, OrderScreening>();
        services.AddSingleton<INodeNotifier>(new NodeNotifier());
        services.AddSingleton<IBenchmarkNonces, RandomBenchmarkNonces>();
        services.AddSingleton<ISecretProtector>(new AesGcmSecretProtector([new byte[32]]));
        services.AddLedgers();
        services.AddStaking();
        services.AddSubnets();
        services.Configure<SubnetOptions>(o =>
        {
            (o.MinLock, o.CreateRateLimit) = (0, 0);
            Subnets?.Invoke(o);
        });
        // The clock stands while a test looks: the index reads again each time.
        services.Configure<ScreeningOptions>(static o => o.RefreshAfter = TimeSpan.FromTicks(-1));
        services.Configure<DeploymentOptions>(o =>
        {
            o.BidsMax = 4;
            Deployments?.Invoke(o);
        });
        services.Configure<SweepOptions>(o => (o.Every, o.BatchMax, o.PagesMax) = (TimeSpan.FromHours(1), SweepBatch, SweepPages));
        services.Configure<LedgerOptions>(static o => o.Tick = TimeSpan.FromMilliseconds(20));
    }
}

/// <summary>One test's corner of the market.</summary>
public sealed class MarketRegion(Market market, string name)
{
    public const long BidDeposit = 500_000;
    public const long Purse = 10_000_000;

    private int _operations;

    public string Name => name;

    public string Tenant { get; } = "id_tenant_" + name;

    public string Key => Tenant + "/1";

    public IDeploymentGrain Deployment => market.Grains.GetGrain<IDeploymentGrain>(Key);

    public IEscrowGrain Escrow => market.Grains.GetGrain<IEscrowGrain>(Key);

    public string NewOperation() => string.Create(CultureInfo.InvariantCulture, $"{name}-op-{++_operations}");

    /// <summary>An SDL for one replica that costs at most <paramref name="price"/> uact a block, in this region only.</summary>
    public string Sdl(string price = "1000", string image = "nginx:1.25", string cpu = "1", string attributes = "", string accept = "", string to = "", string tail = "") => $"""
        version: "2.1"
        services:
          web:
            image: {image}
            expose:
              - port: 80{accept}
                to:
                  - global: true{to}
        profiles:
          compute:
            web:
              resources:
                cpu:
                  units: {cpu}
                memory:
                  size: 512Mi
                storage:
                  size: 1Gi
          placement:
            here:
              attributes:
                region: {name}{attributes}
              pricing:
                web:
                  denom: uact
                  amount: {price}
        deployment:
          web:
            here:
              profile: web
              count: 1{tail}
        """;

    /// <summary>The same, served under a host name, at an address of its own, or with a reclamation window.</summary>
    public string SdlAt(string? host, bool ip = false, string? reclaim = null, string image = "nginx:1.25") => Sdl(
        image: image,
        accept: host is null ? "" : $"\n        accept:\n          - {host}",
        to: ip ? "\n            ip: front" : "",
        tail: (ip ? "\nendpoints:\n  front:\n    kind: ip" : "") + (reclaim is null ? "" : $"\nreclamation:\n  min_window: {reclaim}"));

    public string Provider(string who) => $"id_{who}_{name}";

    public IAddressPoolGrain Pool(string who) => market.Grains.GetGrain<IAddressPoolGrain>(Provider(who));

    /// <summary>Another tenant's deployment in the same region.</summary>
    public IDeploymentGrain Other(int number) => market.Grains.GetGrain<IDeploymentGrain>(string.Create(CultureInfo.InvariantCulture, $"{Tenant}/{number}"));

    public string NodeId(string who) => $"node_{who}_{name}";

    public INodeGrain Node(string who) => market.Grains.GetGrain<INodeGrain>(NodeId(who));

    /// <summary>A provider with money and one node online. <paramref name="cpuUsd"/> null: it bids by itself.</summary>
    public async Task<string> AddProviderAsync(string who, string? cpuUsd, long purse = Purse, bool online = true, ScalePricing? scale = null, long reclaimSeconds = 0)
    {
        var id = Provider(who);
        var pricing = cpuUsd is null ? null : UsdPricing.Default with { CpuUsd = cpuUsd };
        (await market.Grains.GetGrain<IProviderGrain>(id).PutAsync(NewOperation(), new ProviderProfile(who, [new Fact("region", name)], pricing, "http://localhost", scale, reclaimSeconds))).Require();
        await MintAsync(id, purse);
        var node = Node(who);
        (await node.JoinAsync(NewOperation(), Samples.Registration(provider: id, key: id))).Require();
        if (online)
        {
            (await node.ConnectAsync("boot", Samples.Hardware())).Require();
        }

        return id;
    }

    public async Task MintAsync(string identity, long amount)
    {
        if (amount > 0)
        {
            (await market.Ledger.ExecuteAsync(Ops.Mint("mint/" + NewOperation(), LedgerAccounts.Wallet(identity), amount))).Require();
        }
    }

    public async Task MintAsync(string identity, long amount, string token) =>
        (await market.LedgerOf(token).ExecuteAsync(Ops.Mint("mint/" + NewOperation(), LedgerAccounts.Wallet(identity), amount))).Require();

    /// <summary>Sends a command until it is answered, as a client does after an unknown outcome.</summary>
    public static async Task<T> AgainAsync<T>(Func<Task<T>> command)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await command();
            }
            catch (Exception e) when (attempt < 5 && e is not Xunit.Sdk.XunitException)
            {
                // Unknown outcome: ask again.
            }
        }
    }

    /// <summary>The same for a command without an answer.</summary>
    public static Task AgainAsync(Func<Task> command) => AgainAsync(async () =>
    {
        await command();
        return true;
    });

    public async Task<long> WalletAsync(string identity) => (await market.Ledger.GetBalanceAsync(LedgerAccounts.Wallet(identity))).Available;

    public async Task<DeploymentView> DeployAsync(string? sdl = null, long deposit = 1_000_000, WinnerRule winner = WinnerRule.Lowest, long purse = Purse)
    {
        await MintAsync(Tenant, purse);
        return (await Deployment.CreateAsync(new CreateDeployment(NewOperation(), Tenant, sdl ?? Sdl(), deposit, winner))).Require();
    }

    public static SubmitBid Bid(string provider, string price = "900", string denom = "uact", long deposit = BidDeposit, int oseq = 1) => new(provider, 1, oseq, price, denom, deposit, 0);

    /// <summary>Moves the clock and lets the deployment take what is due.</summary>
    public async Task<DeploymentView> PassAsync(TimeSpan time)
    {
        market.Time.Advance(time);
        await Deployment.TickAsync();
        return await ViewAsync();
    }

    /// <summary>Past the bid window.</summary>
    public Task<DeploymentView> AuctionAsync() => PassAsync(TimeSpan.FromSeconds(12));

    public async Task<DeploymentView> ViewAsync() => (await Deployment.GetAsync()).Require();

    public async Task<GroupView> GroupAsync() => (await ViewAsync()).Groups[0];

    public async Task<LeaseView> LeaseAsync(string? id = null) =>
        (await market.Grains.GetGrain<ILeaseGrain>(id ?? (await GroupAsync()).Order.LeaseId!).GetAsync()).Require();

    /// <summary>A lease at exactly 1,000 uact a block, with the provider that bids by itself.</summary>
    public async Task<string> LeasedAsync(long deposit = 1_000_000)
    {
        var provider = await AddProviderAsync("p", null);
        await DeployAsync(deposit: deposit);
        await Deployment.TickAsync();
        (await Deployment.BidAsync(NewOperation(), Bid(provider, "1000"))).Require();
        var view = await AuctionAsync();
        Assert.NotNull(view.Groups[0].Order.LeaseId);
        return provider;
    }
}
