using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Ledgers;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>One subnet on the real grains, and its people: everybody is an identity with one key, which is the hotkey.</summary>
internal sealed class SubnetField(Market market, int netuid, string name)
{
    private int _operations;

    public const long Tao = TaoEmission.RaoPerTao;

    public int Netuid => netuid;

    public ISubnetGrain Grain => market.Grains.GetGrain<ISubnetGrain>(netuid);

    public string Owner => Coldkey("owner");

    public long Block => BlockOf(market);

    /// <summary>Opens a subnet that is easy to test: a uid costs 1 TAO and nothing limits how many register.</summary>
    public static async Task<SubnetField> OpenAsync(Market market, string name, params (string Name, string Value)[] hyperparameters)
    {
        var registry = market.Grains.GetGrain<ISubnetRegistryGrain>(SubnetKeys.Registry);
        var owner = IdentityOf(name + "/owner");
        var view = (await registry.CreateAsync("open-" + name, new CreateSubnet(owner, name, SubnetTask.Deterministic))).Require();
        var field = new SubnetField(market, view.Netuid, name);
        await field.SetAsync("max_regs_per_block", "1000");
        await field.SetAsync("target_regs_per_interval", "1000");
        foreach (var (parameter, value) in hyperparameters)
        {
            await field.SetAsync(parameter, value);
        }

        return field;
    }

    public static string IdentityOf(string text) => "id_" + Base32.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 20));

    public static long BlockOf(Market market) => (market.Time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).Ticks / TimeSpan.FromSeconds(TaoEmission.BlockSeconds).Ticks;

    public string NewOperation() => string.Create(CultureInfo.InvariantCulture, $"{name}-op-{++_operations}");

    public string Coldkey(string who) => IdentityOf($"{name}/{who}");

    public string Hotkey(string who) => Hotkeys.Of(Coldkey(who), "key_" + Base32.Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"{name}/{who}/key")).AsSpan(0, 20)));

    public async Task SetAsync(string parameter, string value) => (await Grain.SetHyperparameterAsync(NewOperation(), new SetHyperparameter(Owner, parameter, value))).Require();

    public async Task MintAsync(string who, long rao) => (await market.LedgerOf(EmissionKeys.Tao).ExecuteAsync(Ops.Mint("mint/" + NewOperation(), LedgerAccounts.Wallet(Coldkey(who)), rao))).Require();

    public Task<long> WalletAsync(string who) => market.PostedAsync(EmissionKeys.Tao, LedgerAccounts.Wallet(Coldkey(who)));

    public async Task<long> StakeAsync(string who) => await market.PostedAsync(EmissionKeys.Tao, StakeAccounts.Own(Hotkey(who))) + await market.PostedAsync(EmissionKeys.Tao, StakeAccounts.Pool(Hotkey(who)));

    public async Task<long> IssuanceAsync() => -await market.PostedAsync(EmissionKeys.Tao, LedgerAccounts.Issuance);

    public Task<Result<NeuronRegistered>> TryRegisterAsync(string who, long? maxPrice = null) => Grain.RegisterAsync(NewOperation(), new RegisterNeuron(Coldkey(who), Hotkey(who), maxPrice));

    /// <summary>Mints enough, and registers.</summary>
    public async Task<int> RegisterAsync(string who)
    {
        await MintAsync(who, 100 * Tao);
        return (await TryRegisterAsync(who)).Require().Uid;
    }

    public async Task AddStakeAsync(string who, long rao)
    {
        await MintAsync(who, rao);
        (await market.Grains.GetGrain<IStakeGrain>(StakeKeys.Of(EmissionKeys.Tao, Hotkey(who))).AddAsync(NewOperation(), new AddStake(Coldkey(who), rao))).Require();
    }

    public Task<Result<WeightsSet>> SetWeightsAsync(string who, params (int Uid, int Value)[] weights) => Grain.SetWeightsAsync(
        NewOperation(), new SetWeights(Coldkey(who), Hotkey(who), [.. weights.Select(static w => (ushort)w.Uid)], [.. weights.Select(static w => (ushort)w.Value)], 0));

    public async Task<SubnetView> ViewAsync() => (await Grain.GetAsync()).Require();

    public void Blocks(long blocks) => market.Time.Advance(TimeSpan.FromSeconds(TaoEmission.BlockSeconds * blocks));

    /// <summary>To the block that ends the epoch under way, and lets the sweep come by.</summary>
    public async Task EpochAsync()
    {
        var end = (await ViewAsync()).NextEpochBlock!.Value;
        Blocks(end - Block);
        await Grain.TickAsync();
    }
}
