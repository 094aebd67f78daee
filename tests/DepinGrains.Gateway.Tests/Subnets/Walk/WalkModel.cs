using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Gateway.Tests.Subnets.Walk;

/// <summary>The model of one subnet.</summary>
internal sealed class WalkNet
{
    public required string Owner { get; init; }

    public required long Bar { get; init; }

    public List<string?> Hotkeys { get; } = [];

    public List<string> Coldkeys { get; } = [];

    public List<ulong> RegisteredAt { get; } = [];

    public List<ulong> Updated { get; } = [];

    public List<bool> Permits { get; } = [];

    public List<int> Below { get; } = [];

    public List<Dictionary<int, ushort>> Weights { get; } = [];

    public SparseRows Bonds { get; set; } = SparseRows.Empty(0);

    public long Owed { get; set; }

    public long Queued { get; set; }

    public void Add(string? hotkey, string coldkey, ulong registeredAt, ulong updated)
    {
        Hotkeys.Add(hotkey);
        Coldkeys.Add(coldkey);
        RegisteredAt.Add(registeredAt);
        Updated.Add(updated);
        Permits.Add(false);
        Below.Add(0);
        Weights.Add([]);
    }
}

/// <summary>
/// What a network with two subnets comes to, by a calculation that knows nothing of grains, ledgers or spans of blocks: it issues block by block, splits by plain arithmetic and keeps balances in a dictionary. Only the
/// consensus is the product's own, which the chain's vectors hold.
/// </summary>
internal sealed class WalkModel
{
    private const long Tao = 1_000_000_000;
    private const long Cap = 21_000_000 * Tao;
    private readonly EpochWorkspace _workspace = new();
    private readonly List<WalkNet> _nets = [];
    private long _block;
    private long _equalFrom;

    public Dictionary<string, long> Balances { get; } = new(StringComparer.Ordinal);

    public long Issuance { get; private set; }

    public long HalvedAt { get; private set; } = -1;

    /// <summary>Takes over what the network is now; no block of its subnets has been issued yet.</summary>
    public static async Task<WalkModel> ReadAsync(SubnetWalk walk)
    {
        var model = new WalkModel { _block = walk.Block, _equalFrom = (((walk.Block / 100) + 1) * 100) + 1, Issuance = await walk.IssuanceAsync() };
        foreach (var (netuid, owner, bar) in walk.Nets)
        {
            var graph = await walk.GetAsync($"/v1/subnets/{netuid}/metagraph");
            var net = new WalkNet { Owner = owner, Bar = bar };
            for (var uid = 0; uid < (int)graph["n"]!; uid++)
            {
                var (hotkey, coldkey) = ((string)graph["hotkeys"]![uid]!, (string)graph["coldkeys"]![uid]!);
                net.Add(hotkey, coldkey, (ulong)graph["registeredAt"]![uid]!, (ulong)graph["lastUpdate"]![uid]!);
                foreach (var account in (string[])[StakeAccounts.Own(hotkey), StakeAccounts.Pool(hotkey), "wallet/" + coldkey])
                {
                    model.Balances[account] = await walk.PostedAsync(account);
                }
            }

            model.Balances["wallet/" + owner] = await walk.PostedAsync("wallet/" + owner);
            Assert.Equal(0, await walk.PostedAsync(EmissionAccounts.Pending(netuid)));
            model._nets.Add(net);
        }

        return model;
    }

    public void Mint(string account, long rao)
    {
        Balances[account] = Balances.GetValueOrDefault(account) + rao;
        Issuance += rao;
    }

    /// <summary>All of each block to the first subnet until the root computes shares for both, then half to each; 18 % of it to the owner.</summary>
    public void IssueThrough(long block)
    {
        for (; _block < block; _block++)
        {
            var perBlock = Issuance < Cap / 2 ? Tao : Issuance < Cap / 4 * 3 ? Tao / 2 : Tao / 4;
            if (perBlock < Tao && HalvedAt < 0)
            {
                HalvedAt = _block + 1;
            }

            foreach (var net in _nets)
            {
                var share = _block + 1 >= _equalFrom ? perBlock / 2 : net == _nets[0] ? perBlock : 0;
                var owner = (long)((Int128)share * ((11_796L << 32) / 65_535) >> 32);
                net.Owed += owner;
                net.Queued += share - owner;
                Issuance += share;
            }
        }
    }

    public void Weigh(int at, int uid, (int Uid, int Value)[] weights, long block)
    {
        var most = weights.Max(static w => w.Value);
        _nets[at].Weights[uid] = weights.ToDictionary(static w => w.Uid, w => (ushort)(((w.Value * 65_535L) + (most / 2)) / most));
        _nets[at].Updated[uid] = (ulong)block;
    }

    public void Register(int at, int uid, string hotkey, string coldkey, long price, long block)
    {
        var net = _nets[at];
        Balances["wallet/" + coldkey] -= price;
        Issuance -= price;
        while (net.Hotkeys.Count <= uid)
        {
            net.Hotkeys.Add(null);
            net.Coldkeys.Add("");
            net.RegisteredAt.Add(0);
            net.Updated.Add(0);
            net.Permits.Add(false);
            net.Below.Add(0);
            net.Weights.Add([]);
        }

        (net.Hotkeys[uid], net.Coldkeys[uid], net.RegisteredAt[uid], net.Updated[uid], net.Permits[uid], net.Below[uid]) = (hotkey, coldkey, (ulong)block, (ulong)block, false, 0);
        Balances.TryAdd(StakeAccounts.Own(hotkey), 0);
        Balances.TryAdd(StakeAccounts.Pool(hotkey), 0);
    }

    public void Epoch(int at, long block)
    {
        var net = _nets[at];
        var count = net.Hotkeys.Count;
        var stakes = net.Hotkeys.Select(h => h is null ? 0 : (ulong)(Balances[StakeAccounts.Own(h)] + Balances[StakeAccounts.Pool(h)])).ToArray();
        var bonds = SparseRows.FromRows(count, Rows(net.Bonds)).Require();
        var outcome = YumaEpoch.Run(
            new EpochInputs
            {
                Block = (ulong)block, Stakes = stakes, Permits = [.. net.Permits], LastUpdate = [.. net.Updated], RegisteredAt = [.. net.Hotkeys.Select((h, i) => h is null ? ulong.MaxValue : net.RegisteredAt[i])],
                Weights = SparseRows.FromRows(count, net.Weights.Select(static (w, i) => (w, i)).ToDictionary(static p => p.i, static p => (IReadOnlyDictionary<int, ushort>)p.w)).Require(), Bonds = bonds,
            },
            new EpochParameters(),
            (ulong)net.Queued,
            _workspace).Require();
        Balances["wallet/" + net.Owner] += net.Owed;
        var paid = 0L;
        for (var uid = 0; uid < count; uid++)
        {
            if (net.Hotkeys[uid] is { } hotkey)
            {
                paid += Pay(hotkey, (long)outcome.ServerEmission[uid], (long)outcome.ValidatorEmission[uid]);
            }
        }

        Issuance -= net.Queued - paid;
        (net.Owed, net.Queued, net.Bonds) = (0, 0, outcome.Bonds);
        for (var uid = 0; uid < count; uid++)
        {
            net.Permits[uid] = outcome.NewPermits[uid] && net.Hotkeys[uid] is not null;
            var weak = net.Bar > 0 && net.Hotkeys[uid] is not null && net.Coldkeys[uid] != net.Owner && (ulong)block - net.RegisteredAt[uid] >= 5_000 && outcome.PruningScores[uid] < net.Bar;
            net.Below[uid] = weak ? net.Below[uid] + 1 : 0;
            if (net.Below[uid] >= 3 && net.Hotkeys.Count(static h => h is not null) > 3)
            {
                (net.Hotkeys[uid], net.Weights[uid], net.Permits[uid], net.Below[uid]) = (null, [], false, 0);
            }
        }
    }

    /// <summary>The take of 18 % and what is mined to the owner, the rest by stake.</summary>
    private long Pay(string hotkey, long mined, long validated)
    {
        var (own, pool) = (Balances[StakeAccounts.Own(hotkey)], Balances[StakeAccounts.Pool(hotkey)]);
        var rest = validated - (long)(((UInt128)(ulong)validated * (((UInt128)11_796 << 64) / 65_535)) >> 64);
        var delegated = pool == 0 ? 0 : (long)((((UInt128)(ulong)pool << 64) / (ulong)(own + pool) * (ulong)rest) >> 64);
        Balances[StakeAccounts.Own(hotkey)] += mined + validated - delegated;
        Balances[StakeAccounts.Pool(hotkey)] += delegated;
        return mined + validated;
    }

    private static Dictionary<int, IReadOnlyDictionary<int, ushort>> Rows(SparseRows rows)
    {
        var all = new Dictionary<int, IReadOnlyDictionary<int, ushort>>();
        for (var row = 0; row < rows.Rows; row++)
        {
            var one = new Dictionary<int, ushort>();
            for (var k = 0; k < rows.Columns(row).Length; k++)
            {
                one.Add(rows.Columns(row)[k], rows.Values(row)[k]);
            }

            all.Add(row, one);
        }

        return all;
    }
}
