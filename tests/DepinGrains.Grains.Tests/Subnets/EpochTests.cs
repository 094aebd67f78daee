using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>Epochs: paid once, whenever, by whomever and however often they are asked for.</summary>
public sealed class EpochTests : IAsyncLifetime
{
    private const long Tao = SubnetField.Tao;
    private readonly Market _market = new();

    public ValueTask InitializeAsync() => _market.InitializeAsync();

    public ValueTask DisposeAsync() => _market.DisposeAsync();

    [Fact]
    public async Task An_epoch_pays_owner_miner_and_validator_and_what_rounding_leaves_is_unissued()
    {
        var subnet = await RunningAsync("pays");
        var (owner, validator, miner, issuance) = (await subnet.WalletAsync("owner"), await subnet.StakeAsync("validator"), await subnet.StakeAsync("miner"), await subnet.IssuanceAsync());
        var pending = await _market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(subnet.Netuid));
        await subnet.EpochAsync();
        var epoch = (await EpochsAsync(subnet))[^1];

        // 361 blocks of 1 TAO, all of it this subnet's; 18 % to the owner, rounded down per block, half of the rest each.
        Assert.Equal(361 * Tao, epoch.Drawn);
        Assert.Equal(361 * (Tao * 11_796L / 65_535), epoch.OwnerCut);
        Assert.Equal(epoch.Drawn, epoch.OwnerCut + epoch.Paid + epoch.Dust);
        Assert.InRange(epoch.Dust, 0, 361 * 10);
        Assert.Equal(owner + epoch.OwnerCut, await subnet.WalletAsync("owner"));
        var (mined, validated) = (await subnet.StakeAsync("miner") - miner, await subnet.StakeAsync("validator") - validator);
        Assert.Equal(epoch.Paid, mined + validated);
        Assert.InRange(mined - validated, -1_000, 1_000);
        Assert.Equal(epoch.Drawn - epoch.Dust, await subnet.IssuanceAsync() - issuance + pending);
        Assert.Equal(0, await _market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(subnet.Netuid)));
        await _market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Doubled_and_late_ticks_and_a_long_pause_change_nothing()
    {
        var (prompt, late) = (await NewAsync(), await NewAsync());
        try
        {
            var (a, b) = (await RunningAsync("same", prompt), await RunningAsync("same", late));
            for (var i = 0; i < 9; i++)
            {
                await a.EpochAsync();
                await a.Grain.TickAsync();
                await Task.WhenAll(a.Grain.TickAsync(), a.Grain.TickAsync());
            }

            b.Blocks(a.Block - b.Block);
            await b.Grain.TickAsync();
            Assert.Equal(await PrintAsync(a, prompt), await PrintAsync(b, late));
            Assert.Equal((await a.ViewAsync()).Epoch, (await b.ViewAsync()).Epoch);
        }
        finally
        {
            await prompt.DisposeAsync();
            await late.DisposeAsync();
        }
    }

    [Fact]
    public async Task More_epochs_than_one_call_may_run_are_run_by_the_next_and_commands_wait_for_them()
    {
        var market = await NewAsync(static o => o.EpochsPerCall = 3);
        await using var _ = market;
        var subnet = await RunningAsync("behind", market);
        subnet.Blocks(361 * 8);
        Assert.Equal("subnet.catching_up", (await subnet.SetWeightsAsync("validator", (1, 1))).Refusal!.Code);
        await subnet.Grain.TickAsync();
        await subnet.Grain.TickAsync();
        (await subnet.SetWeightsAsync("validator", (1, 1))).Require();
    }

    /// <summary>Every commit of an epoch is lost once, of rows and of the journal: everybody is paid what they are in an undisturbed twin.</summary>
    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_an_epoch_pays_exactly_once(StoreFault fault)
    {
        var expected = "";
        for (var lost = 0; ; lost++)
        {
            var market = await NewAsync();
            await using var _ = market;
            var subnet = await RunningAsync("lost", market);
            var (seen, number) = (0, lost);
            subnet.Blocks((await subnet.ViewAsync()).NextEpochBlock!.Value - subnet.Block);
            market.Store.Fault = point => point.Call is StoreCall.Commit or StoreCall.Append && Interlocked.Increment(ref seen) == number ? fault : StoreFault.None;
            await MarketRegion.AgainAsync(async () => await subnet.Grain.TickAsync());
            market.Store.Fault = null;
            await MarketRegion.AgainAsync(async () => await subnet.Grain.TickAsync());
            var print = await PrintAsync(subnet, market);
            expected = lost == 0 ? print : expected;
            Assert.Equal(expected, print);
            await market.AssertBooksCleanAsync();
            if (lost > 0 && seen < lost)
            {
                Assert.InRange(lost, 5, 20);
                break;
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_silos_that_both_run_the_epoch_pay_it_once(bool together)
    {
        var (alone, twice) = (await NewAsync(), await NewAsync());
        try
        {
            var (a, b) = (await RunningAsync("two", alone), await RunningAsync("two", twice));
            await a.EpochAsync();
            await using var second = await twice.SecondAsync();
            var stale = second.Grains.GetGrain<ISubnetGrain>(b.Netuid);
            (await stale.GetAsync()).Require();
            b.Blocks((await b.ViewAsync()).NextEpochBlock!.Value - b.Block);
            var other = MarketRegion.AgainAsync(async () => await stale.TickAsync());
            if (!together)
            {
                await other;
            }

            await MarketRegion.AgainAsync(async () => await b.Grain.TickAsync());
            await other;
            // A ledger overtaken by its twin learns of it when it writes.
            await a.MintAsync("bystander", 1);
            await MarketRegion.AgainAsync(() => b.MintAsync("bystander", 1));
            await MarketRegion.AgainAsync(async () => Assert.Equal(await PrintAsync(a, alone), await PrintAsync(b, twice)));
        }
        finally
        {
            await alone.DisposeAsync();
            await twice.DisposeAsync();
        }
    }

    /// <summary>The overtaken silo still owes an epoch that is long paid; what lies in storage to be paid is a later one's.</summary>
    [Fact]
    public async Task An_overtaken_silo_never_pays_a_later_epochs_payments_as_its_own()
    {
        await using var market = await NewAsync();
        var subnet = await RunningAsync("overtaken", market);
        await using var second = await market.SecondAsync();
        var stale = second.Grains.GetGrain<ISubnetGrain>(subnet.Netuid);
        foreach (var grain in (ISubnetGrain[])[stale, subnet.Grain])
        {
            // The epoch is decided and cannot be paid: from its commit on the ledger's journal is away.
            await MarketRegion.AgainAsync(async () => await grain.TickAsync());
            subnet.Blocks((await subnet.ViewAsync()).NextEpochBlock!.Value - subnet.Block);
            var isDecided = false;
            market.Store.Fault = point =>
            {
                isDecided |= point.Call == StoreCall.Commit && point.Subject == SubnetState.Key(subnet.Netuid);
                return point.Call == StoreCall.Append && isDecided ? StoreFault.FailBefore : StoreFault.None;
            };
            await Assert.ThrowsAnyAsync<Exception>(grain.TickAsync);
            Assert.True(isDecided);
            market.Store.Fault = null;
        }

        await MarketRegion.AgainAsync(async () => await stale.TickAsync());
        await MarketRegion.AgainAsync(async () => await subnet.Grain.TickAsync());
        await market.AssertBooksCleanAsync();
    }

    /// <summary>The same at its narrowest: ids of parts that the own epoch never had are free in the ledger, so nothing there would refuse them.</summary>
    [Fact]
    public async Task What_lies_to_be_paid_of_another_epoch_is_never_paid_under_this_ones_ids()
    {
        await using var market = await NewAsync();
        var subnet = await RunningAsync("foreign", market);
        subnet.Blocks((await subnet.ViewAsync()).NextEpochBlock!.Value - subnet.Block);
        var (key, isDecided) = (SubnetState.Key(subnet.Netuid), false);
        market.Store.Fault = point =>
        {
            isDecided |= point.Call == StoreCall.Commit && point.Subject == key;
            return point.Call == StoreCall.Append && isDecided ? StoreFault.FailBefore : StoreFault.None;
        };
        await Assert.ThrowsAnyAsync<Exception>(subnet.Grain.TickAsync);
        market.Store.Fault = null;

        // Another silo took the subnet over meanwhile and decided the next epoch; this one still owes its own.
        var row = new GrainRow<SubnetState>(market.Store, SubnetState.Kind, key, static () => { });
        await row.LoadAsync(default);
        var later = row.Value!.Payment! with { Epoch = row.Value.Payment.Epoch + 1 };
        var account = Contracts.Staking.StakeAccounts.Own(subnet.Hotkey("later"));
        var payments = new PaymentRow([new Domain.Emissions.EpochPayment(account, 1)], later.Epoch);
        Assert.Null(await row.CommitAsync(row.Value with { Payment = later }, new Changes().With(PaymentRow.Kind.Child(key, SubnetRows.Only, payments))));
        await Assert.ThrowsAnyAsync<Exception>(subnet.Grain.TickAsync);
        Assert.Equal(0, await market.PostedAsync(EmissionKeys.Tao, account));
        await MarketRegion.AgainAsync(async () => await subnet.Grain.TickAsync());
        var line = Assert.Single((await market.LedgerOf(EmissionKeys.Tao).GetStatementAsync(account, null, 10)).Require().Lines);
        Assert.Equal((Domain.Emissions.EpochPayments.IdOf(subnet.Netuid, later.Epoch, 0), 1L), (line.TransferId, line.Delta));
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Who_stays_below_the_bar_is_swept_with_a_reason_and_never_an_immune_uid()
    {
        var subnet = await RunningAsync("sweep", _market, ("sweep_bar", "100"), ("sweep_window", "2"), ("sweep_min_survivors", "0"), ("immunity_period", "400"));
        await subnet.RegisterAsync("late");
        await subnet.EpochAsync();
        await subnet.EpochAsync();
        await subnet.EpochAsync();
        var graph = (await subnet.Grain.GetMetagraphAsync([])).Require();
        Assert.Equal(subnet.Hotkey("validator"), graph.Hotkeys!.Value[0]);
        Assert.Equal(subnet.Hotkey("miner"), graph.Hotkeys!.Value[1]);
        Assert.Equal("", graph.Hotkeys!.Value[2]);
        var told = await EventsAsync(subnet, "subnet.deregistered");
        Assert.Contains("stayed below the subnet's bar 100 for 2 epochs", told, StringComparison.Ordinal);

        // Its place is the next newcomer's, who inherits nothing; those who were swept pay again.
        Assert.Equal(2, (await subnet.TryRegisterAsync("idle")).Require().Uid);
        Assert.Equal(0, (await subnet.Grain.GetNeuronAsync(2)).Require().Incentive);
        await subnet.SetWeightsAsync("validator", (1, 1));
        await subnet.EpochAsync();
        await _market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Consensus_hyperparameters_wait_for_the_next_epoch_and_only_the_owner_changes_them()
    {
        var subnet = await RunningAsync("terms");
        var changed = (await subnet.Grain.SetHyperparameterAsync("t", new SetHyperparameter(subnet.Owner, "tempo", "99"))).Require();
        Assert.Equal((360, changed.NextEpochBlock + 1), (changed.Hyperparameters.Tempo, Assert.Single(changed.Pending).EffectiveBlock));
        await subnet.EpochAsync();
        var view = await subnet.ViewAsync();
        Assert.Equal(99, view.Hyperparameters.Tempo);
        Assert.Empty(view.Pending);
        Assert.InRange(view.NextEpochBlock!.Value - subnet.Block, 1, 100);
        Assert.Equal("subnet.not_owner", (await subnet.Grain.SetHyperparameterAsync("x", new SetHyperparameter(subnet.Coldkey("miner"), "tempo", "9"))).Refusal!.Code);
        Assert.Equal("hyperparameter.unknown", (await subnet.Grain.SetHyperparameterAsync("y", new SetHyperparameter(subnet.Owner, "tempos", "9"))).Refusal!.Code);
        foreach (var (name, value) in ((string, string)[])[("tempo", "70000"), ("tempo", "-1"), ("kappa", "1.5"), ("yuma_version", "2"), ("min_burn", "100000000001"), ("max_allowed_uids", "4097"), ("owner_cut", "65535"), ("pricing", "free")])
        {
            Assert.Equal("hyperparameter.invalid", (await subnet.Grain.SetHyperparameterAsync(subnet.NewOperation(), new SetHyperparameter(subnet.Owner, name, value))).Refusal!.Code);
        }
    }

    internal static async Task<Market> NewAsync(Action<SubnetOptions>? options = null)
    {
        var market = new Market { Subnets = options };
        await market.InitializeAsync();
        return market;
    }

    /// <summary>A validator with a permit and weights for one of two miners.</summary>
    private async Task<SubnetField> RunningAsync(string name, Market? within = null, params (string, string)[] hyperparameters)
    {
        var subnet = await SubnetField.OpenAsync(within ?? _market, name, hyperparameters);
        await subnet.RegisterAsync("validator");
        await subnet.RegisterAsync("miner");
        await subnet.RegisterAsync("idle");
        await subnet.AddStakeAsync("validator", 1_000 * Tao);
        await subnet.EpochAsync();
        subnet.Blocks(1);
        (await subnet.SetWeightsAsync("validator", (1, 1))).Require();
        await subnet.EpochAsync();
        return subnet;
    }

    private async Task<SubnetEpochView[]> EpochsAsync(SubnetField subnet) =>
        [.. (await _market.Store.ReadChildrenAsync(EpochRow.Kind.Table.Kind, SubnetState.Key(subnet.Netuid), null, 1_000)).Select(static r => RowKind<EpochRow>.Read(r).View)];

    private async Task<string> EventsAsync(SubnetField subnet, string type)
    {
        var page = await _market.Store.ReadAsync(0, "subnet/" + SubnetState.Key(subnet.Netuid), 1_000, default);
        return string.Concat(page.Events.Where(e => e.Type == type).Select(static e => System.Text.Encoding.UTF8.GetString(e.Data.Span)));
    }

    /// <summary>Everybody's money and all numbers.</summary>
    private static async Task<string> PrintAsync(SubnetField subnet, Market market)
    {
        var graph = (await subnet.Grain.GetMetagraphAsync([.. Domain.Subnets.MetagraphFields.All])).Require();
        var money = new List<long> { await subnet.IssuanceAsync(), await market.PostedAsync(EmissionKeys.Tao, LedgerAccounts.Wallet(subnet.Owner)), await market.PostedAsync(EmissionKeys.Tao, EmissionAccounts.Pending(subnet.Netuid)) };
        foreach (var who in (string[])["validator", "miner", "idle"])
        {
            money.Add(await subnet.StakeAsync(who));
        }

        return string.Join(' ', money) + System.Text.Json.JsonSerializer.Serialize(graph with { Version = 0 });
    }
}
