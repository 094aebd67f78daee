using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Grains.Subnets;

/// <summary>The metagraph: one snapshot by columns.</summary>
public sealed partial class SubnetGrain
{
    /// <inheritdoc/>
    public async Task<Result<Metagraph>> GetMetagraphAsync(ImmutableArray<string> fields)
    {
        if (await WhyNotReadyAsync() is { Code: not "subnet.dissolved" and not "subnet.catching_up" } missing)
        {
            return missing;
        }

        var selected = MetagraphFields.Select(fields);
        return selected.IsOk ? Snapshot(selected.Value) : selected.Refusal;
    }

    /// <inheritdoc/>
    public Task<Result<NeuronView>> GetNeuronAsync(int uid)
    {
        _row.ThrowIfLost();
        return Task.FromResult<Result<NeuronView>>(!_row.Exists ? NotFound() : _book.Neuron(uid) is { } neuron ? View(neuron, Block) : NoUid(uid));
    }

    /// <inheritdoc/>
    public Task<Result<NeuronView>> FindNeuronAsync(string hotkey)
    {
        _row.ThrowIfLost();
        return Task.FromResult<Result<NeuronView>>(!_row.Exists ? NotFound() : _book.UidOf(hotkey) is { } uid ? View(_book.Neuron(uid)!, Block) : NotRegistered(hotkey));
    }

    private Metagraph Snapshot(ImmutableHashSet<string> fields)
    {
        var (numbers, block, count) = (_book.Numbers, Block, _book.Count);
        return new Metagraph(Netuid, State.Name, block, State.Epoch, State.LastEpochBlock ?? State.CreatedAtBlock, count, State.Hyperparameters.MaxAllowedUids, numbers.Stake.Sum(), _row.Version)
        {
            Hotkeys = Column("hotkeys", uid => _book.Neuron(uid)?.Hotkey ?? ""),
            Coldkeys = Column("coldkeys", uid => _book.Neuron(uid)?.Coldkey ?? ""),
            Stake = Column("stake", uid => At(numbers.Stake, uid)),
            Rank = Column("rank", uid => At(numbers.Rank, uid)),
            Trust = Column("trust", uid => At(numbers.Trust, uid)),
            Consensus = Column("consensus", uid => At(numbers.Consensus, uid)),
            Incentive = Column("incentive", uid => At(numbers.Incentive, uid)),
            Dividends = Column("dividends", uid => At(numbers.Dividends, uid)),
            Emission = Column("emission", uid => At(numbers.Emission, uid)),
            ValidatorTrust = Column("validator_trust", uid => At(numbers.ValidatorTrust, uid)),
            ValidatorPermit = Column("validator_permit", uid => At(numbers.Permit, uid) == 1),
            LastUpdate = Column("last_update", _book.LastUpdate),
            Active = Column("active", uid => IsActive(uid, block)),
            RegisteredAt = Column("registered_at", uid => _book.Neuron(uid)?.RegisteredAt ?? 0),
            PruningScore = Column("pruning_score", uid => At(numbers.Pruning, uid)),
            Axons = Column("axons", uid => _book.Neuron(uid)?.Axon),
            Weights = fields.Contains("weights") ? [.. Enumerable.Range(0, count).Where(uid => _book.Weights(uid) is { Uids.Length: > 0 }).Select(uid => new SparseRow(uid, [.. _book.Weights(uid)!.Uids], [.. _book.Weights(uid)!.Values]))] : null,
            Bonds = fields.Contains("bonds") ? Rows(_book.Bonds) : null,
        };

        ImmutableArray<T>? Column<T>(string name, Func<int, T> value) => fields.Contains(name) ? [.. Enumerable.Range(0, count).Select(value)] : null;
    }

    private static ImmutableArray<SparseRow> Rows(SparseRows rows) =>
        [.. Enumerable.Range(0, rows.Rows).Where(uid => rows.Columns(uid).Length > 0).Select(uid => new SparseRow(uid, [.. rows.Columns(uid)], [.. rows.Values(uid)]))];

    private bool IsActive(int uid, long block) => _book.Neuron(uid) is not null && _book.LastUpdate(uid) + State.Hyperparameters.ActivityCutoff >= block;

    private NeuronView View(NeuronState neuron, long block)
    {
        var (uid, numbers) = (neuron.Uid, _book.Numbers);
        return new NeuronView(
            Netuid, uid, neuron.Hotkey, neuron.Coldkey, IsActive(uid, block), neuron.Axon, At(numbers.Stake, uid), At(numbers.Rank, uid), At(numbers.Trust, uid), At(numbers.Consensus, uid), At(numbers.Incentive, uid),
            At(numbers.Dividends, uid), At(numbers.Emission, uid), At(numbers.ValidatorTrust, uid), At(numbers.Permit, uid) == 1, _book.LastUpdate(uid), At(numbers.Pruning, uid), neuron.RegisteredAt,
            State.Hyperparameters.PruningOf().IsImmune((ulong)neuron.RegisteredAt, (ulong)block), neuron.Node);
    }
}
