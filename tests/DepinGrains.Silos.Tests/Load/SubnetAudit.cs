using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains;
using DepinGrains.Grains.Emissions;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>
/// Read past every grain, from rows and ledger entries: each epoch was paid once and what it decided, emission is its schedule and all there is, pools of stake are what was put in and paid, and nothing is half done.
/// </summary>
internal sealed class SubnetAudit(SubnetLoad load) : IAsyncDisposable
{
    private const int Rows = 100_000;
    private const string Token = SubnetLoad.Token;
    private static readonly string Subnet = SubnetState.Key(SubnetLoad.Netuid);
    private readonly List<string> _wrong = [];
    private DepinStore _store = null!;

    /// <summary>Epochs that were done.</summary>
    public int Epochs { get; private set; }

    /// <summary>Everything that does not add up. Emission goes on meanwhile: a look counts when nothing was written to the ledger during it.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(SiloNetwork network)
    {
        _store = StoreRegistration.Open(new StoreOptions { Kind = "postgres", Connection = network.Database + ";Pooling=false" }, MarketServices.Tables);
        try
        {
            await Eventually.TrueAsync("a look at the subnet's books during which nothing moves", async () => await LookAsync() && _wrong.Count == 0, 60);
            return [];
        }
        catch (TimeoutException problem)
        {
            return [problem.Message, .. _wrong];
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    private async Task<bool> LookAsync()
    {
        var head = await _store.Journal.HeadAsync(Token);
        if (await _store.Journal.IndexedThroughAsync(Token) != head)
        {
            return false;
        }

        _wrong.Clear();
        var draws = (await _store.Rows.ReadChildrenAsync(DrawRow.Kind.Table.Kind, Token, null, Rows)).Select(static r => RowKind<DrawRow>.Read(r).Draw).OrderBy(static d => d.Epoch).ToImmutableArray();
        var epochs = (await _store.Rows.ReadChildrenAsync(EpochRow.Kind.Table.Kind, Subnet, null, Rows)).Select(static r => RowKind<EpochRow>.Read(r).View).ToImmutableArray();
        Epochs = epochs.Length;
        await HistoryAsync(draws, epochs);
        await PaidAsync(epochs);
        await StakeAsync(epochs);
        await SupplyAsync(draws, epochs);
        return await _store.Journal.HeadAsync(Token) == head;
    }

    /// <summary>Epochs follow each other, each drew what its blocks gave (a TAO each, to the only subnet), none is half paid.</summary>
    private async Task HistoryAsync(ImmutableArray<EmissionDraw> draws, ImmutableArray<Contracts.Subnets.SubnetEpochView> epochs)
    {
        var state = RowKind<SubnetState>.Read((await _store.Rows.ReadAsync(RowId.Root(SubnetState.Kind.Table.Kind, Subnet)))!);
        Unless(state is { Payment: null, Registration: null }, "the subnet rests with something half done");
        Unless(epochs.Length > 10, $"only {epochs.Length} epochs were done under all this");
        Unless(epochs.Select(static (e, i) => e.Epoch == i).All(static same => same) && epochs.Length == state.Epoch, $"{epochs.Length} epochs are in the history of epoch {state.Epoch}");
        Unless(draws.Select(static d => d.Epoch).SequenceEqual(epochs.Select(static e => e.Epoch)), $"{draws.Length} draws for {epochs.Length} epochs");
        foreach (var (before, draw) in draws.Zip(draws.Skip(1)))
        {
            Unless(draw.FromBlock == before.ToBlock + 1, $"epoch {draw.Epoch} drew from block {draw.FromBlock}, the one before to {before.ToBlock}");
            Unless(draw.Owner + draw.Queued == (draw.ToBlock - draw.FromBlock + 1) * SubnetLoad.Tao, $"epoch {draw.Epoch} drew {draw.Owner + draw.Queued} for blocks {draw.FromBlock} to {draw.ToBlock}");
        }

        foreach (var (epoch, draw) in epochs.Zip(draws))
        {
            Unless(epoch.Drawn == draw.Owner + draw.Queued && epoch.Drawn == epoch.OwnerCut + epoch.Paid + epoch.Dust, $"epoch {epoch.Epoch} drew {draw.Owner + draw.Queued} and decided {epoch}");
        }
    }

    /// <summary>The ledger took each epoch's draw out of the subnet's account in one transfer, once, and gave every uid and the owner what was decided.</summary>
    private async Task PaidAsync(ImmutableArray<Contracts.Subnets.SubnetEpochView> epochs)
    {
        var paid = (await EntriesAsync(EmissionAccounts.Pending(SubnetLoad.Netuid))).Where(IsEpoch).ToArray();
        Unless(
            paid.Select(static e => (e.TransferId, -e.Delta)).Order().SequenceEqual(epochs.Where(static e => e.Drawn > 0).Select(static e => (string.Create(CultureInfo.InvariantCulture, $"epoch/{SubnetLoad.Netuid}/{e.Epoch}/0"), e.Drawn)).Order()),
            $"{paid.Length} payments of {-paid.Sum(static e => e.Delta)} left the subnet's account, {epochs.Length} epochs drew {epochs.Sum(static e => e.Drawn)}");
        var owner = (await EntriesAsync(LedgerAccounts.Wallet(load.OwnerIdentity))).Where(IsEpoch).Sum(static e => e.Delta);
        Unless(owner == epochs.Sum(static e => e.OwnerCut), $"the owner got {owner}, its cut was {epochs.Sum(static e => e.OwnerCut)}");
        for (var uid = 0; uid < load.Uids.Count; uid++)
        {
            var got = (await EntriesAsync(StakeAccounts.Own(load.Uids[uid]))).Concat(await EntriesAsync(StakeAccounts.Pool(load.Uids[uid]))).Where(IsEpoch).Sum(static e => e.Delta);
            // An epoch may have ended before the last of them had registered.
            var decided = epochs.Sum(e => uid < e.Emission.Length ? e.Emission[uid] : 0);
            Unless(got == decided && got > 0, $"uid {uid} got {got}, epochs decided {decided}");
        }
    }

    /// <summary>Both accounts of the validator are what was put in, taken out and paid; shares add up and nobody is owed more than there is.</summary>
    private async Task StakeAsync(ImmutableArray<Contracts.Subnets.SubnetEpochView> epochs)
    {
        var hotkey = load.Uids[0];
        var (own, pool) = (await EntriesAsync(StakeAccounts.Own(hotkey)), await EntriesAsync(StakeAccounts.Pool(hotkey)));
        var expected = load.Staked.Sum(static s => s.Staked);
        Unless(own.Where(static e => !IsEpoch(e)).Sum(static e => e.Delta) == SubnetLoad.OwnerStaked, "the validator's own stake moved without him");
        Unless(pool.Where(static e => !IsEpoch(e)).Sum(static e => e.Delta) == expected, $"the pool moved by {pool.Where(static e => !IsEpoch(e)).Sum(static e => e.Delta)}, delegators were told {expected}");
        foreach (var (identity, staked) in load.Staked)
        {
            var wallet = (await EntriesAsync(LedgerAccounts.Wallet(identity))).Sum(static e => e.Delta);
            Unless(wallet == SubnetLoad.FaucetEach - staked, $"delegator {identity} has {wallet}, what was acknowledged leaves {SubnetLoad.FaucetEach - staked}");
        }

        var key = StakeKeys.Of(Token, hotkey);
        var state = RowKind<StakeState>.Read((await _store.Rows.ReadAsync(RowId.Root(StakeState.Kind.Table.Kind, key)))!);
        var delegations = (await _store.Rows.ReadChildrenAsync(DelegationState.Kind.Table.Kind, key, null, Rows)).Select(static r => RowKind<DelegationState>.Read(r)).ToArray();
        var shares = delegations.Aggregate((Int128)0, static (sum, d) => sum + d.Shares);
        var held = pool[0].BalanceAfter;
        Unless(state.Intent is null && state.Shares == shares, $"the hotkey has {state.Shares} shares, its delegators {shares}, intent {state.Intent}");
        Unless(delegations.Sum(d => SharePool.Value(d.Shares, shares, held)) <= held, $"delegators are owed more than the pool's {held}");
        foreach (var (identity, staked) in load.Staked)
        {
            Unless(delegations.Single(d => d.Coldkey == identity).PutIn == staked, $"delegator {identity} put in {delegations.Single(d => d.Coldkey == identity).PutIn} by the hotkey's book, {staked} by his own");
        }

        Unless(epochs.Sum(static e => e.Paid) > 0, "nothing was paid");
    }

    /// <summary>Issuance: what the faucet gave and blocks emitted, less what was recycled and rounding left, is what the ledger says, the API too.</summary>
    private async Task SupplyAsync(ImmutableArray<EmissionDraw> draws, ImmutableArray<Contracts.Subnets.SubnetEpochView> epochs)
    {
        var emission = RowKind<EmissionRow>.Read((await _store.Rows.ReadAsync(RowId.Root(EmissionRow.Kind.Table.Kind, Token)))!);
        var pending = emission.Of(SubnetLoad.Netuid).Total;
        Unless(emission.Outbox.IsEmpty, "an emission is under way");
        Unless(emission.Emitted == draws.Sum(static d => d.Owner + d.Queued) + pending, $"{emission.Emitted} was emitted, {draws.Sum(static d => d.Owner + d.Queued)} drawn, {pending} is pending");
        var account = (await EntriesAsync(EmissionAccounts.Pending(SubnetLoad.Netuid)))[0].BalanceAfter;
        Unless(account == pending, $"the subnet's account has {account}, {pending} is pending");
        var supply = -(await EntriesAsync(LedgerAccounts.Issuance))[0].BalanceAfter;
        var due = load.Given + emission.Emitted - load.Recycled - epochs.Sum(static e => e.Dust);
        Unless(supply == due, $"the ledger's supply is {supply}, {due} are due: {load.Given} given, {emission.Emitted} emitted, {load.Recycled} recycled");
        var said = await load.SupplyAsync();
        Unless(said == supply, $"the API says {said} are there, the ledger has {supply}");
    }

    private static bool IsEpoch(IndexedEntry entry) => entry.TransferId.StartsWith("epoch/", StringComparison.Ordinal);

    private Task<ImmutableArray<IndexedEntry>> EntriesAsync(string account) => _store.Journal.EntriesAsync(Token, account, null, Rows);

    private void Unless(bool right, string wrong)
    {
        if (!right)
        {
            _wrong.Add(wrong);
        }
    }
}
