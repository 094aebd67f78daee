using System.Collections.Immutable;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Staking;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Registration;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Subnets;

/// <summary>
/// Epochs. The number is the key: the emission gives the same draw for it, the root row's version lets one activation decide it, the ledger pays its transfers once. Late, doubled, on two silos or in a row after
/// a pause, the outcome is the same. The point of no return is the commit that holds numbers, bonds and payments together.
/// </summary>
public sealed partial class SubnetGrain
{
    /// <summary>Runs what is due; false when there is more than one call may run, or the emission's clock is behind.</summary>
    private async Task<bool> EpochsAsync()
    {
        for (var n = 0; State.EpochBlock is { } end && end <= Block; n++)
        {
            if (n == options.Value.EpochsPerCall || !await RunEpochAsync(end))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Runs one epoch; false: on the clock of the emission's silo its last block is not over yet.</summary>
    private async Task<bool> RunEpochAsync(long end)
    {
        var started = clock.Time.GetTimestamp();
        if (!await GrainFactory.GetGrain<IRootNetworkGrain>(SubnetKeys.Registry).SettleAsync(end))
        {
            return false;
        }

        var drawn = await Emission.DrawAsync(Netuid, State.Epoch, end);
        if (!drawn.IsOk)
        {
            // Another activation may have run this epoch and more.
            await _row.LeaveIfBehindAsync();
            return drawn.Refusal.Code == "emission.block_future" ? false : throw new InvalidOperationException(drawn.Refusal.ToString());
        }

        var draw = drawn.Value;
        var stakes = await StakesAsync();
        var outcome = Consensus(end, draw, stakes);
        var payments = await PaymentsAsync(draw, outcome, stakes);
        var paid = payments.Aggregate(0L, static (sum, p) => checked(sum + p.Amount));
        var swept = Sweep(outcome, end);

        var numbers = SubnetNumbers.Of(outcome, Array.ConvertAll(stakes, static s => s.Own + s.Pool), Array.ConvertAll([.. swept.BelowSince], static n => (long)n));
        var (bonds, changes) = (outcome.Bonds, new Changes());
        foreach (var gone in swept.Removed)
        {
            (numbers, bonds) = (numbers.Cleared(gone.Uid, 0), BondRules.WithoutUid(bonds, gone.Uid));
            Deregistered(changes, _book.Neuron(gone.Uid)!, gone.Reason);
            changes.With(NeuronState.Kind.Delete(Key, SubnetRows.Uid(gone.Uid))).With(SubnetRows.Binary(SubnetRows.Weights, Key, SubnetRows.Uid(gone.Uid), null));
        }

        var view = new SubnetEpochView(
            State.Epoch, end, draw.Owner + draw.Queued, draw.Owner, paid - draw.Owner, draw.Queued - (paid - draw.Owner), State.RecycledSinceEpoch, (long)State.PriceAt(end).Burn, _book.Registered,
            outcome.NewPermits.Count(static p => p), swept.Removed.Length, [.. outcome.Incentive], [.. outcome.Dividends], [.. numbers.Emission]);
        Write(changes, view, numbers, bonds, payments);
        await MustCommitAsync(After(draw, view, paid), changes);
        Apply(swept, numbers, bonds);
        await PayAsync(draw, payments);
        metrics.Epoch(Netuid, clock.Time.GetElapsedTime(started).TotalSeconds, paid, view.Dust, swept.Removed.Length);
        return true;
    }

    private void Apply(SweepOutcome swept, SubnetNumbers numbers, SparseRows bonds)
    {
        foreach (var gone in swept.Removed)
        {
            _book.Remove(gone.Uid);
        }

        (_book.Numbers, _book.Bonds) = (numbers, bonds);
    }

    /// <summary>The root row after the epoch, with hyperparameters that waited for it.</summary>
    private SubnetState After(EmissionDraw draw, SubnetEpochView view, long paid)
    {
        var (end, terms) = (view.Block, State.Hyperparameters);
        foreach (var change in State.Pending)
        {
            // Checked when it was asked for; the bounds that depend on others may have moved since, then it lapses.
            terms = HyperparameterCatalog.Set(terms, change.Name, change.Value) is { IsOk: true } set ? set.Value : terms;
        }

        return State with
        {
            Epoch = State.Epoch + 1, LastEpochBlock = end, EpochBlock = EpochBlockFrom(terms.Tempo, end + 1), Hyperparameters = terms, Pending = [],
            Validators = view.Validators, Miners = view.Incentive.Count(static i => i > 0), Price = State.PriceAt(end), RecycledSinceEpoch = 0, Emitted = State.Emitted + paid, LastEmission = draw.Owner + draw.Queued, Payment = draw, ServersVersion = State.ServersVersion + 1,
        };
    }

    private void Write(Changes changes, SubnetEpochView view, SubnetNumbers numbers, SparseRows bonds, ImmutableArray<EpochPayment> payments)
    {
        changes.With(SubnetRows.Binary(SubnetRows.Numbers, Key, SubnetRows.Only, SubnetBinary.Write(numbers)))
            .With(SubnetRows.Binary(SubnetRows.Bonds, Key, SubnetRows.Only, SubnetBinary.Write(bonds)))
            .With(PaymentRow.Kind.Child(Key, SubnetRows.Only, new PaymentRow(payments, view.Epoch)))
            .With(EpochRow.Kind.Child(Key, EpochRow.Key(view.Epoch), new EpochRow(view)))
            .Event(Topic, "subnet.epoch", Key, new { Netuid, view.Epoch, view.Block, view.Drawn, view.OwnerCut, view.Paid, view.Dust, view.Recycled, view.Price, view.Uids, view.Validators, view.Swept });
        if (view.Epoch >= options.Value.HistoryMax)
        {
            changes.With(EpochRow.Kind.Delete(Key, EpochRow.Key(view.Epoch - options.Value.HistoryMax)));
        }
    }

    /// <summary>
    /// Pays what an earlier activation decided. An activation that was overtaken would find the payments of a later epoch here, or none: under the ids of its own epoch they would be paid once more, as far as they
    /// have more parts.
    /// </summary>
    private async Task PayAsync(EmissionDraw draw)
    {
        var row = await store.ReadAsync(new Storage.Rows.RowId(PaymentRow.Kind.Table.Kind, Key, SubnetRows.Only)) is { } stored ? RowKind<PaymentRow>.Read(stored) : null;
        if (row is null || (row.Epoch ?? draw.Epoch) != draw.Epoch)
        {
            await _row.LeaveIfBehindAsync();
            throw new InvalidDataException($"subnet {Netuid}: the payments of epoch {draw.Epoch} are gone");
        }

        await PayAsync(draw, row.Payments);
    }

    private async Task PayAsync(EmissionDraw draw, ImmutableArray<EpochPayment> payments)
    {
        var transfers = EpochPayments.Of(draw, payments);
        if (!transfers.IsEmpty)
        {
            foreach (var answer in await Ledger.ExecuteManyAsync(transfers))
            {
                answer.Require();
            }
        }

        await MustCommitAsync(State with { Payment = null }, new Changes().With(PaymentRow.Kind.Delete(Key, SubnetRows.Only)));
    }

    /// <summary>Each uid's stake at one moment: its owner's and its delegators'.</summary>
    private async Task<(long Own, long Pool)[]> StakesAsync()
    {
        var accounts = ImmutableArray.CreateBuilder<string>(2 * _book.Registered);
        foreach (var neuron in _book.Neurons)
        {
            if (neuron is not null)
            {
                accounts.Add(StakeAccounts.Own(neuron.Hotkey));
                accounts.Add(StakeAccounts.Pool(neuron.Hotkey));
            }
        }

        var stakes = new (long, long)[_book.Count];
        if (accounts.Count > 0)
        {
            var (posted, at) = ((await Ledger.GetBalancesAsync(accounts.DrainToImmutable())).Require().Posted, 0);
            for (var uid = 0; uid < stakes.Length; uid++)
            {
                if (_book.Neuron(uid) is not null)
                {
                    stakes[uid] = (posted[at], posted[at + 1]);
                    at += 2;
                }
            }
        }

        return stakes;
    }

    private EpochOutcome Consensus(long end, EmissionDraw draw, (long Own, long Pool)[] stakes)
    {
        var (count, numbers) = (_book.Count, _book.Numbers);
        var inputs = new EpochInputs
        {
            Block = (ulong)end,
            Stakes = Array.ConvertAll(stakes, static s => (ulong)(s.Own + s.Pool)),
            Permits = [.. Enumerable.Range(0, count).Select(uid => _book.Neuron(uid) is not null && At(numbers.Permit, uid) == 1)],
            LastUpdate = [.. Enumerable.Range(0, count).Select(uid => (ulong)_book.LastUpdate(uid))],
            // Nobody's uid: whatever was said of it is older than its registration.
            RegisteredAt = [.. Enumerable.Range(0, count).Select(uid => (ulong?)_book.Neuron(uid)?.RegisteredAt ?? ulong.MaxValue)],
            Weights = _book.WeightRows(),
            Bonds = _book.BondRows(),
        };
        var outcome = YumaEpoch.Run(inputs, State.Hyperparameters.EpochOf(), (ulong)draw.Queued, _workspace).Require();
        return _book.Registered == count ? outcome : outcome with { NewPermits = [.. outcome.NewPermits.Select((p, uid) => p && _book.Neuron(uid) is not null)] };
    }

    /// <summary>The owner's cut to its wallet, incentive and dividends as stake: the take and what is mined to the hotkey's owner, the rest to who delegated.</summary>
    private async Task<ImmutableArray<EpochPayment>> PaymentsAsync(EmissionDraw draw, EpochOutcome outcome, (long Own, long Pool)[] stakes)
    {
        var payments = ImmutableArray.CreateBuilder<EpochPayment>();
        if (draw.Owner > 0)
        {
            payments.Add(new EpochPayment(LedgerAccounts.Wallet(State.Owner), draw.Owner));
        }

        for (var uid = 0; uid < stakes.Length; uid++)
        {
            var (mining, validating) = ((long)outcome.ServerEmission[uid], (long)outcome.ValidatorEmission[uid]);
            if (mining + validating == 0)
            {
                continue;
            }

            var hotkey = _book.Neuron(uid)!.Hotkey;
            var (own, pool) = stakes[uid];
            var terms = pool > 0 && validating > 0 ? await GrainFactory.GetGrain<IStakeGrain>(StakeKeys.Of(EmissionKeys.Tao, hotkey)).GetTermsAsync() : null;
            var reward = StakeReward.Split(own, pool, terms?.Take ?? 0, mining, validating, terms?.HasDelegators ?? false);
            Add(StakeAccounts.Own(hotkey), reward.Own);
            Add(StakeAccounts.Pool(hotkey), reward.Pool);
        }

        return payments.DrainToImmutable();

        void Add(string account, long amount)
        {
            if (amount > 0)
            {
                payments.Add(new EpochPayment(account, amount));
            }
        }
    }

    /// <summary>Who stayed below the bar for too long. Vacant uids and the owner's own are left out of it.</summary>
    private SweepOutcome Sweep(EpochOutcome outcome, long end)
    {
        var (count, numbers) = (_book.Count, _book.Numbers);
        var sweep = State.Hyperparameters.SweepOf();
        var candidates = new SweepCandidate[count];
        for (var uid = 0; uid < count; uid++)
        {
            var neuron = _book.Neuron(uid);
            candidates[uid] = new SweepCandidate((ulong)(neuron?.RegisteredAt ?? 0), (int)Math.Min(int.MaxValue, At(numbers.BelowSince, uid)), outcome.PruningScores[uid], neuron is null || neuron.Coldkey == State.Owner);
        }

        return (sweep with { MinSurvivors = sweep.MinSurvivors + count - _book.Registered }).Run(candidates, (ulong)end);
    }
}
