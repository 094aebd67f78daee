using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Registration;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Subnets;

/// <summary>Registration: price decided and kept as an intent → recycled under the operation's id (the point of no return) → neuron.</summary>
public sealed partial class SubnetGrain
{
    /// <inheritdoc/>
    public async Task<Result<RegistrationQuote>> QuoteAsync()
    {
        if (await WhyNotReadyAsync() is { } refusal)
        {
            return refusal;
        }

        var (block, terms) = (Block, State.Hyperparameters);
        var price = State.PriceAt(block);
        var interval = terms.Pricing == PricingRule.Interval;
        return new RegistrationQuote(
            Netuid, (long)price.Burn, block, interval ? price.Registrations : 0, interval ? 3 * terms.TargetRegsPerInterval : null, interval ? (long)price.Block + terms.AdjustmentInterval : null, IsFull, terms.RegistrationAllowed);
    }

    /// <inheritdoc/>
    public async Task<Result<NeuronRegistered>> RegisterAsync(string operationId, RegisterNeuron command)
    {
        var notReady = await WhyNotReadyAsync();
        var print = Changes.Fingerprint(command);
        if (_row.Exists && await _row.RememberedAsync<NeuronRegistered>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var (block, price) = (Block, _row.Value?.PriceAt(Block));
        var refusal = notReady ?? await WhyNotRegisterAsync(command, block, (long)price!.Burn);
        if (refusal is not null)
        {
            return refusal;
        }

        var intent = new RegistrationIntent(operationId, command, (long)price!.Burn, block);
        return await _row.CommitAsync(Scheduled(State with { Registration = intent })) is { } unstorable ? unstorable : await CompleteAsync(intent);
    }

    private bool IsFull => _book.Vacant() is null && _book.Count >= State.Hyperparameters.MaxAllowedUids;

    private async Task<Refusal?> WhyNotRegisterAsync(RegisterNeuron command, long block, long price)
    {
        var terms = State.Hyperparameters;
        if (!Hotkeys.TryParse(command.Hotkey, out var coldkey, out _))
        {
            return Refusal.Of("registration.hotkey_invalid", "a hotkey is a key of an identity, id_…/key_…");
        }

        var balance = (await Ledger.GetBalanceAsync(LedgerAccounts.Wallet(command.Coldkey))).Available;
        var interval = terms.Pricing == PricingRule.Interval;
        var allowed = RegistrationRules.Check(
            new RegistrationRequest((ulong)Math.Max(0, balance), command.MaxPrice is { } most ? (ulong)Math.Max(0, most) : null),
            new RegistrationContext
            {
                Allowed = terms.RegistrationAllowed,
                ThisBlock = State.RegistrationsBlock == block ? State.RegistrationsInBlock : 0,
                MaxPerBlock = terms.MaxRegsPerBlock,
                ThisInterval = State.PriceAt(block).Registrations,
                TargetPerInterval = interval ? terms.TargetRegsPerInterval : null,
                AlreadyRegistered = _book.UidOf(command.Hotkey) is not null,
                OwnsHotkey = coldkey == command.Coldkey,
                Price = (ulong)price,
            });
        return !allowed.IsOk ? allowed.Refusal
            : Place(block) is null ? Refusal.Of("registration.no_room", $"all {_book.Count} uids are immune or the owner's own", ("error", "NoNeuronIdAvailable"), ("uids", _book.Count))
            : await WhyNotHardwareAsync(command, block);
    }

    /// <summary>The uid a newcomer gets: a vacant one, a new one, or the one that pruning gives.</summary>
    private int? Place(long block) => !IsFull ? _book.Vacant() ?? _book.Count : State.Hyperparameters.PruningOf().Choose(_book.Prunable(State.Hyperparameters.Pruning, State.Owner), (ulong)block);

    /// <summary>Recycles and registers. Nothing that decides changes between intent and end: no other command runs in between, and a crash leaves the intent.</summary>
    private async Task<Result<NeuronRegistered>> CompleteAsync(RegistrationIntent intent)
    {
        var (command, print) = (intent.Command, Changes.Fingerprint(intent.Command));
        var paid = await Emission.RecycleAsync($"subnet/{Key}/register/{intent.OperationId}", new RecycleEmission(LedgerAccounts.Wallet(command.Coldkey), intent.Price, Netuid, $"uid in subnet {Key}"));
        if (!paid.IsOk)
        {
            Result<NeuronRegistered> no = paid.Refusal.Code == "ledger.insufficient_funds"
                ? Refusal.Of("registration.not_enough_balance", $"registration costs {intent.Price} rao: {paid.Refusal.Detail}", ("error", "NotEnoughBalanceToStake"), ("price", intent.Price))
                : paid.Refusal;
            await MustCommitAsync(State with { Registration = null }, new Changes().Remember(intent.OperationId, print, no));
            return no;
        }

        var uid = Place(intent.Block) ?? throw new InvalidOperationException($"subnet {Netuid}: no uid for a registration that was let in");
        var (replaced, changes) = (_book.Neuron(uid), new Changes());
        var neuron = new NeuronState(Netuid, uid, command.Hotkey, command.Coldkey, intent.Block, null, null, [], command.Proof?.Node);
        var numbers = _book.Numbers.Cleared(uid, replaced is null ? (ushort)0 : ushort.MaxValue);
        var bonds = BondRules.WithoutUid(SubnetBook.Resized(_book.Bonds, Math.Max(_book.Count, uid + 1)), uid);
        Result<NeuronRegistered> done = new NeuronRegistered(Netuid, uid, command.Hotkey, intent.Price, intent.Block, replaced?.Hotkey);
        changes.With(NeuronState.Kind.Child(Key, SubnetRows.Uid(uid), neuron))
            .With(SubnetRows.Binary(SubnetRows.Weights, Key, SubnetRows.Uid(uid), null))
            .With(SubnetRows.Binary(SubnetRows.Numbers, Key, SubnetRows.Only, SubnetBinary.Write(numbers)))
            .With(SubnetRows.Binary(SubnetRows.Bonds, Key, SubnetRows.Only, SubnetBinary.Write(bonds)))
            .Remember(intent.OperationId, print, done)
            .Event(Topic, "subnet.registered", command.Hotkey, done.Value!);
        if (command.Proof is { } proof)
        {
            // A benchmark counts once.
            changes.With(ChallengeRow.Kind.Delete(Key, proof.Node));
        }

        if (replaced is not null)
        {
            Deregistered(changes, replaced, $"replaced by {command.Hotkey}: its pruning score was the lowest out of immunity");
        }

        var price = State.Hyperparameters.PricingOf().Registered(State.Price, (ulong)intent.Block);
        await MustCommitAsync(
            State with
            {
                Registration = null, Uids = Math.Max(State.Uids, uid + 1), Price = price, RegistrationsBlock = intent.Block,
                RegistrationsInBlock = (State.RegistrationsBlock == intent.Block ? State.RegistrationsInBlock : 0) + 1,
                Recycled = State.Recycled + intent.Price, RecycledSinceEpoch = State.RecycledSinceEpoch + intent.Price, ServersVersion = State.ServersVersion + (replaced?.Axon is null ? 0 : 1),
            },
            changes);
        if (replaced is not null)
        {
            _book.Remove(uid);
        }

        _book.Put(neuron);
        (_book.Numbers, _book.Bonds) = (numbers, bonds);
        metrics.Registered(Netuid, intent.Price, replaced is not null);
        return done;
    }

    private void Deregistered(Changes changes, NeuronState neuron, string reason)
    {
        var data = new { Netuid, neuron.Uid, neuron.Hotkey, neuron.Coldkey, Reason = reason };
        changes.Event(Topic, "subnet.deregistered", neuron.Hotkey, data).Event("identity/" + neuron.Coldkey, "subnet.deregistered", neuron.Hotkey, data);
    }
}
