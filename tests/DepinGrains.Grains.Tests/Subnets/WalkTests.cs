using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Ledgers;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>
/// Two subnets for two virtual months through a halving, with recycling, delegation and the weakest deregistered. Beside them runs a model that knows nothing of grains, ledgers or spans: it issues block by block,
/// splits by plain arithmetic and keeps balances in a dictionary. In the end supply, halving block and everybody's balance are the same to the rao.
/// </summary>
public sealed class WalkTests
{
    private const long Tao = SubnetField.Tao;
    private const long Half = 10_500_000 * Tao;
    private const int Days = 60;

    [Fact]
    public async Task Two_months_through_a_halving_end_as_an_independent_model_does()
    {
        var market = await EpochTests.NewAsync();
        await using var _ = market;
        var (one, two) = (await SubnetField.OpenAsync(market, "one", ("tempo", "3599"), ("sweep_bar", "200"), ("sweep_window", "3"), ("sweep_min_survivors", "3")), await SubnetField.OpenAsync(market, "two", ("tempo", "3599"), ("yuma_version", "1")));
        SubnetField[] fields = [one, two];

        foreach (var field in fields)
        {
            foreach (var who in (string[])["v1", "v2", "m1", "m2", "idle"])
            {
                await field.RegisterAsync(who);
            }

            await field.AddStakeAsync("v1", 60_000 * Tao);
            await field.AddStakeAsync("v2", 20_000 * Tao);
            await DelegateAsync(market, field, "v1", "nominator", 30_000 * Tao);
        }

        // What a network has issued in its first years: a month before the halving.
        (await market.LedgerOf(EmissionKeys.Tao).ExecuteAsync(Ops.Mint("past", "wallet/past", Half - (200_000 * Tao) - await one.IssuanceAsync()))).Require();
        var model = await Model.ReadAsync(market, fields);
        var until = one.Block + (Days * 7_200);
        for (var turn = 0; ; turn++)
        {
            var views = new[] { await one.ViewAsync(), await two.ViewAsync() };
            var at = Math.Min(views[0].NextEpochBlock!.Value, views[1].NextEpochBlock!.Value);
            if (at > until)
            {
                break;
            }

            one.Blocks(at - one.Block);
            var due = views[0].NextEpochBlock == at ? 0 : 1;
            model.IssueThrough(at);
            model.Epoch(due, at);
            await fields[due].Grain.TickAsync();
            await SpeakAsync(fields[due], model, due, turn);
        }

        model.IssueThrough(one.Block);
        await market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao).TickAsync();
        var view = (await market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao).GetAsync()).Require();
        Assert.InRange(model.HalvedAt, until - (Days * 7_200) + 1, until);
        Assert.Equal((model.Issuance, 1), (view.Issuance, view.Halvings));
        Assert.Equal(500_000_000, view.PerBlock);
        foreach (var (account, rao) in model.Balances)
        {
            Assert.True(rao == await market.PostedAsync(EmissionKeys.Tao, account), $"{account}: the model says {rao}, the ledger {await market.PostedAsync(EmissionKeys.Tao, account)}");
        }

        Assert.Equal("subnet.not_registered", (await one.Grain.FindNeuronAsync(one.Hotkey("idle"))).Refusal!.Code);
        Assert.Equal("subnet.not_registered", (await one.Grain.FindNeuronAsync(one.Hotkey("late"))).Refusal!.Code);
        (await two.Grain.FindNeuronAsync(two.Hotkey("idle"))).Require();
        await market.AssertBooksCleanAsync();
    }

    /// <summary>Validators speak after each epoch; now and then somebody pays for a uid and makes place for the next.</summary>
    private static async Task SpeakAsync(SubnetField field, Model model, int at, int turn)
    {
        field.Blocks(1);
        model.IssueThrough(field.Block);
        foreach (var who in (string[])["v1", "v2"])
        {
            (int, int)[] weights = who == "v1" ? [(2, 60), (3, 40)] : [(2, 30 + (turn % 7)), (3, 50)];
            if ((await field.SetWeightsAsync(who, weights)).IsOk)
            {
                model.Weigh(at, who, weights, field.Block);
            }
        }

        if (turn == 41)
        {
            // Whoever comes is recycled right at the halving's eve: it comes later by as much.
            var price = (await field.Grain.QuoteAsync()).Require().Price;
            var cold = field.Coldkey("late");
            await field.MintAsync("late", 50 * Tao);
            model.Mint("wallet/" + cold, 50 * Tao);
            var done = (await field.TryRegisterAsync("late")).Require();
            Assert.Equal(("one", 4, null), (field.Netuid == 1 ? "one" : "two", done.Uid, done.Replaced));
            model.Register(at, done.Uid, field.Hotkey("late"), cold, price, field.Block);
        }
    }

    private static async Task DelegateAsync(Market market, SubnetField field, string to, string who, long rao)
    {
        var stake = market.Grains.GetGrain<IStakeGrain>(StakeKeys.Of(EmissionKeys.Tao, field.Hotkey(to)));
        (await stake.SetTermsAsync(field.NewOperation(), new SetStakeTerms(field.Coldkey(to), true, null))).Require();
        await field.MintAsync(who, rao);
        (await stake.AddAsync(field.NewOperation(), new AddStake(field.Coldkey(who), rao))).Require();
    }

    /// <summary>The model of one subnet.</summary>
    private sealed class Net
    {
        public required string Owner { get; init; }

        public required int Netuid { get; init; }

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
    }

    /// <summary>Block by block.</summary>
    private sealed class Model
    {
        private const long Cap = 21_000_000 * Tao;
        private readonly EpochWorkspace _workspace = new();
        private readonly List<Net> _nets = [];
        private long _block;
        private long _equalFrom;

        public Dictionary<string, long> Balances { get; } = new(StringComparer.Ordinal);

        public long Issuance { get; private set; }

        public long HalvedAt { get; private set; } = -1;

        /// <summary>Takes over what the network is now.</summary>
        public static async Task<Model> ReadAsync(Market market, SubnetField[] fields)
        {
            await market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao).TickAsync();
            var model = new Model { _block = fields[0].Block, _equalFrom = (((fields[0].Block / 100) + 1) * 100) + 1, Issuance = await fields[0].IssuanceAsync() };
            foreach (var field in fields)
            {
                var graph = (await field.Grain.GetMetagraphAsync([])).Require();
                var net = new Net { Owner = field.Owner, Netuid = field.Netuid, Bar = field == fields[0] ? 200 : 0 };
                var pending = await market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(field.Netuid));
                foreach (var (hotkey, uid) in graph.Hotkeys!.Value.Select(static (h, i) => (h, i)))
                {
                    net.Hotkeys.Add(hotkey);
                    net.Coldkeys.Add(graph.Coldkeys!.Value[uid]);
                    net.RegisteredAt.Add((ulong)graph.RegisteredAt!.Value[uid]);
                    net.Updated.Add((ulong)graph.LastUpdate!.Value[uid]);
                    net.Permits.Add(false);
                    net.Below.Add(0);
                    net.Weights.Add([]);
                    foreach (var account in (string[])[StakeAccounts.Own(hotkey), StakeAccounts.Pool(hotkey), "wallet/" + graph.Coldkeys!.Value[uid]])
                    {
                        model.Balances[account] = await market.PostedAsync(EmissionKeys.Tao, account);
                    }
                }

                model.Balances["wallet/" + field.Owner] = await market.PostedAsync(EmissionKeys.Tao, "wallet/" + field.Owner);
                Assert.Equal(0, pending);
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

        public void Weigh(int at, string who, (int Uid, int Value)[] weights, long block)
        {
            var uid = who == "v1" ? 0 : 1;
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
}
