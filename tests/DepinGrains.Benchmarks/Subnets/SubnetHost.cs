using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains;
using DepinGrains.Grains.Network;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>32 subnets of 256 uids on real grains and a real store; every validator has weighed every miner. The clock is ours: epochs come when it is moved.</summary>
internal sealed class SubnetHost : IAsyncDisposable
{
    public const int Subnets = 32;
    public const int Uids = 256;
    public const int Validators = 64;
    private readonly IHost _host;
    private readonly DepinStore _store;

    private SubnetHost(IHost host, DepinStore store) => (_host, _store) = (host, store);

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<SubnetHost> StartAsync(StoreOptions options, MovedTime time)
    {
        var store = StoreRegistration.Open(options, MarketServices.Tables);
        await store.Migrator.MigrateAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]), ["Subnets:MinLock"] = "0", ["Subnets:CreateRateLimit"] = "0", ["Sweeps:Every"] = "00:01:00",
        });
        builder.Services.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, time);
        builder.Services.AddSingleton(store.Rows);
        builder.Services.AddSingleton(store.Events);
        builder.Services.AddSingleton(store.Journal);
        builder.Services.AddMarket(builder.Configuration);
        GrainHost.Add(builder);
        var host = builder.Build();
        await host.StartAsync();
        return new SubnetHost(host, store);
    }

    public ISubnetGrain Subnet(int netuid) => Grains.GetGrain<ISubnetGrain>(netuid);

    public static string Coldkey(int netuid, int uid) => "id_" + Base32.Encode(Hash(netuid, uid, "cold"));

    public static string Hotkey(int netuid, int uid) => Hotkeys.Of(Coldkey(netuid, uid), "key_" + Base32.Encode(Hash(netuid, uid, "hot")));

    /// <summary>Opens and fills all subnets; ends after an epoch that gave permits, with weights set.</summary>
    public async Task SeedAsync(MovedTime time)
    {
        var registry = Grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry);
        for (var netuid = 1; netuid <= Subnets; netuid++)
        {
            (await registry.CreateAsync(Operation("open", netuid, 0), new CreateSubnet(Coldkey(netuid, -1), "bench", SubnetTask.Text))).Require();
        }

        await Parallel.ForAsync(1, Subnets + 1, new ParallelOptions { MaxDegreeOfParallelism = Subnets }, async (netuid, _) => await FillAsync(netuid));
        await EpochsAsync(time);
        await Parallel.ForAsync(1, Subnets + 1, new ParallelOptions { MaxDegreeOfParallelism = Subnets }, async (netuid, _) =>
        {
            for (var uid = 0; uid < Validators; uid++)
            {
                await SetWeightsAsync(netuid, uid, 0);
            }
        });
    }

    /// <summary>Moves the clock over one tempo and lets every subnet do its epoch.</summary>
    public async Task EpochsAsync(MovedTime time)
    {
        time.Advance(TimeSpan.FromSeconds(12 * 361));
        await Task.WhenAll(Enumerable.Range(1, Subnets).Select(netuid => Subnet(netuid).TickAsync()));
    }

    public async Task SetWeightsAsync(int netuid, int uid, int n)
    {
        var values = ImmutableArray.CreateBuilder<ushort>(Uids - Validators);
        for (var miner = Validators; miner < Uids; miner++)
        {
            values.Add((ushort)(1 + ((miner * 7919) % 50_000) + ((uid + n) % 1_000)));
        }

        (await Subnet(netuid).SetWeightsAsync(Operation("w" + n.ToString(CultureInfo.InvariantCulture), netuid, uid), new SetWeights(Coldkey(netuid, uid), Hotkey(netuid, uid), Miners, values.MoveToImmutable(), 0))).Require();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _store.DisposeAsync();
    }

    private static readonly ImmutableArray<ushort> Miners = [.. Enumerable.Range(Validators, Uids - Validators).Select(static uid => (ushort)uid)];

    private async Task FillAsync(int netuid)
    {
        foreach (var (name, value) in ((string, string)[])[("max_regs_per_block", "4096"), ("target_regs_per_interval", "4096"), ("weights_rate_limit", "0")])
        {
            (await Subnet(netuid).SetHyperparameterAsync(Operation(name, netuid, 0), new SetHyperparameter(Coldkey(netuid, -1), name, value))).Require();
        }

        var ledger = Grains.GetGrain<ILedgerGrain>(EmissionKeys.Tao);
        for (var uid = 0; uid < Uids; uid++)
        {
            var stake = uid < Validators ? 1_000_000_000L * (1 + (uid * 37 % 1_000)) : 0;
            (await ledger.ExecuteAsync(new Transfer(
                Operation("mint", netuid, uid), TransferKind.Post,
                [new Leg(LedgerAccounts.Issuance, -200_000_000_000 - stake), new Leg(LedgerAccounts.Wallet(Coldkey(netuid, uid)), 200_000_000_000), .. stake > 0 ? [new Leg(StakeAccounts.Own(Hotkey(netuid, uid)), stake)] : (Leg[])[]]))).Require();
            (await Subnet(netuid).RegisterAsync(Operation("register", netuid, uid), new RegisterNeuron(Coldkey(netuid, uid), Hotkey(netuid, uid)))).Require();
        }
    }

    private static string Operation(string what, int netuid, int uid) => string.Create(CultureInfo.InvariantCulture, $"{what}/{netuid}/{uid}");

    private static byte[] Hash(int netuid, int uid, string what) => SHA256.HashData(Encoding.UTF8.GetBytes(Operation(what, netuid, uid)))[..20];
}

/// <summary>A clock that moves only when told.</summary>
internal sealed class MovedTime : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
