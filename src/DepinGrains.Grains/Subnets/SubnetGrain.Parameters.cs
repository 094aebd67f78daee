using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Subnets;

/// <summary>Hyperparameters: the owner's, at once or from the next epoch on.</summary>
public sealed partial class SubnetGrain
{
    /// <inheritdoc/>
    public async Task<Result<SubnetView>> SetHyperparameterAsync(string operationId, SetHyperparameter command)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<SubnetView>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (command.Signer != State.Owner)
        {
            return Refusal.Of("subnet.not_owner", $"subnet {Netuid} belongs to {State.Owner}", ("owner", State.Owner), ("caller", command.Signer));
        }

        var set = HyperparameterCatalog.Set(State.Hyperparameters, command.Name, command.Value);
        if (!set.IsOk)
        {
            return set.Refusal;
        }

        var next = HyperparameterCatalog.Find(command.Name)!.AtEpoch && State.EpochBlock is { } end ? Waiting(command, end + 1) : InForce(set.Value);
        Result<SubnetView> done = next.View(Block, _row.Version + 1);
        await MustCommitAsync(next, new Changes().Remember(operationId, print, done).Event(Topic, "subnet.hyperparameter", command.Name, new { Netuid, command.Name, command.Value, EffectiveBlock = next.Pending.FirstOrDefault(p => p.Name == command.Name)?.EffectiveBlock ?? Block }));
        return done;
    }

    private SubnetState Waiting(SetHyperparameter command, long from) =>
        State with { Pending = State.Pending.RemoveAll(p => p.Name == command.Name).Add(new PendingHyperparameter(command.Name, command.Value, from)) };

    /// <summary>In force now: the price goes on from where the old rule left it, and a subnet whose epochs never ran begins.</summary>
    private SubnetState InForce(SubnetHyperparameters terms)
    {
        var (before, block) = (State.PriceAt(Block), Block);
        var moved = terms.Pricing == State.Hyperparameters.Pricing ? before : before with { Block = (ulong)block, Registrations = 0 };
        var burn = Math.Clamp(moved.Burn, (ulong)terms.MinBurn, (ulong)terms.MaxBurn);
        return State with { Hyperparameters = terms, Price = moved with { Burn = burn }, EpochBlock = State.EpochBlock ?? EpochBlockFrom(terms.Tempo, block + 1) };
    }
}
