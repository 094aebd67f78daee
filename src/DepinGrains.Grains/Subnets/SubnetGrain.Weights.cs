using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Weights;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Subnets;

/// <summary>Weights, plain or by commit and reveal. A submission writes the root row and one binary row.</summary>
public sealed partial class SubnetGrain
{
    /// <inheritdoc/>
    public async Task<Result<WeightsSet>> SetWeightsAsync(string operationId, SetWeights command)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        if (command.Uids.IsDefault || command.Values.IsDefault)
        {
            return WeightErrors.NotEqualSize(command.Uids.IsDefault ? 0 : command.Uids.Length, command.Values.IsDefault ? 0 : command.Values.Length);
        }

        var print = Changes.Fingerprint(command);
        return await _row.RememberedAsync<WeightsSet>(operationId, print) is { } remembered ? remembered : await StoreAsync(operationId, print, command, null);
    }

    /// <inheritdoc/>
    public async Task<Result<WeightsCommitted>> CommitWeightsAsync(string operationId, CommitWeights command)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<WeightsCommitted>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        var (block, terms) = (Block, State.Hyperparameters);
        var refusal = !terms.CommitRevealWeights ? Refusal.Of("weights.commit_reveal_off", "this subnet takes weights as they are: set them", ("error", "CommitRevealDisabled"))
            : command.Hash is not { Length: 64 } || !command.Hash.All(char.IsAsciiHexDigitLower) ? Refusal.Of("weights.hash_invalid", "a hash is 64 hex digits in lower case")
            : !Owns(command.Signer, command.Hotkey) ? WeightErrors.NotOwner()
            : _book.UidOf(command.Hotkey) is not { } own ? WeightErrors.NotRegistered()
            : LastSet(own) is var last and > 0 && block - last < terms.WeightsRateLimit ? WeightErrors.TooFast((ulong)(block - last), (ulong)terms.WeightsRateLimit)
            : null;
        if (refusal is not null)
        {
            return refusal;
        }

        var neuron = _book.Neuron(_book.UidOf(command.Hotkey)!.Value)!;
        var open = new CommitReveal((ulong)terms.CommitRevealPeriod).Commit(neuron.Commits, command.Hash, (ulong)State.Epoch);
        if (!open.IsOk)
        {
            return open.Refusal;
        }

        var weights = Touched(_book.Weights(neuron.Uid), block);
        var next = neuron with { Commits = open.Value };
        Result<WeightsCommitted> done = new WeightsCommitted(Netuid, neuron.Uid, command.Hash, block, State.Epoch + terms.CommitRevealPeriod);
        await MustCommitAsync(
            State,
            Written(new Changes(), neuron.Uid, weights).With(NeuronState.Kind.Child(Key, SubnetRows.Uid(neuron.Uid), next)).Remember(operationId, print, done));
        _book.Put(next);
        _book.Put(neuron.Uid, weights);
        return done;
    }

    /// <inheritdoc/>
    public async Task<Result<WeightsSet>> RevealWeightsAsync(string operationId, RevealWeights command)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        var weights = command.Weights;
        if (weights.Uids.IsDefault || weights.Values.IsDefault || command.Salt.IsDefault || command.Salt.Length > 64 || weights.Uids.Length > EpochInputs.UidsMax || weights.Values.Length > EpochInputs.UidsMax)
        {
            return Refusal.Of("weights.shape_invalid", $"at most {EpochInputs.UidsMax} weights and a salt of at most 64 numbers", ("max", EpochInputs.UidsMax));
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<WeightsSet>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (!Owns(weights.Signer, weights.Hotkey))
        {
            return WeightErrors.NotOwner();
        }

        if (_book.UidOf(weights.Hotkey) is not { } uid)
        {
            return WeightErrors.NotRegistered();
        }

        var hash = CommitReveal.HashOf(SHA256.HashData(Encoding.UTF8.GetBytes(weights.Hotkey)), (ushort)Netuid, weights.Uids.AsSpan(), weights.Values.AsSpan(), command.Salt.AsSpan(), weights.VersionKey);
        var open = new CommitReveal((ulong)State.Hyperparameters.CommitRevealPeriod).Reveal(_book.Neuron(uid)!.Commits, hash, (ulong)State.Epoch);
        return open.IsOk ? await StoreAsync(operationId, print, weights, open.Value) : open.Refusal;
    }

    /// <inheritdoc/>
    public Task<Result<SparseRow>> GetWeightsAsync(int uid)
    {
        _row.ThrowIfLost();
        return Task.FromResult<Result<SparseRow>>(
            !_row.Exists ? NotFound()
            : _book.Neuron(uid) is null ? NoUid(uid)
            : new SparseRow(uid, [.. _book.Weights(uid)?.Uids ?? []], [.. _book.Weights(uid)?.Values ?? []]));
    }

    /// <summary>Checks in the chain's order and stores. <paramref name="open"/>: commits left after a reveal; null for plain weights.</summary>
    private async Task<Result<WeightsSet>> StoreAsync(string operationId, ReadOnlyMemory<byte> print, SetWeights command, ImmutableArray<WeightCommit>? open)
    {
        var (block, terms, uid) = (Block, State.Hyperparameters, _book.UidOf(command.Hotkey));
        var row = WeightRules.Check(
            new WeightSubmission([.. command.Uids], [.. command.Values], command.VersionKey),
            new WeightContext
            {
                OwnsHotkey = Owns(command.Signer, command.Hotkey), Count = _book.Count, Uid = uid,
                Stake = uid is not null && terms.MinStake > 0 ? (ulong)await StakeAsync(command.Hotkey) : 0, MinStake = (ulong)terms.MinStake, VersionKey = terms.WeightsVersion,
                Block = (ulong)block, LastUpdate = uid is { } known ? (ulong)LastSet(known) : 0, RateLimit = (ulong)terms.WeightsRateLimit,
                Permit = uid is { } permitted && permitted < _book.Numbers.Count && _book.Numbers.Permit[permitted] == 1,
                MinAllowed = terms.MinAllowedWeights, MaxLimit = terms.MaxWeightsLimit, CommitReveal = terms.CommitRevealWeights, IsReveal = open is not null,
            });
        if (!row.IsOk)
        {
            return row.Refusal;
        }

        var own = uid!.Value;
        var weights = new WeightsOf(block, [.. row.Value.Uids], [.. row.Value.Values]);
        Result<WeightsSet> done = new WeightsSet(Netuid, own, block, weights.Uids.Length);
        var changes = Written(new Changes(), own, weights).Remember(operationId, print, done);
        if (LastSet(own) != block)
        {
            // Once a block at most where the owner took the rate limit away; the weights themselves are asked for by uid.
            changes.Event(Topic, "subnet.weights_set", command.Hotkey, new { Netuid, Uid = own, command.Hotkey, Block = block, Weights = weights.Uids.Length, Revealed = open is not null });
        }

        var next = open is { } left ? _book.Neuron(own)! with { Commits = left } : null;
        if (next is not null)
        {
            changes.With(NeuronState.Kind.Child(Key, SubnetRows.Uid(own), next));
        }

        await MustCommitAsync(State, changes);
        if (next is not null)
        {
            _book.Put(next);
        }

        _book.Put(own, weights);
        metrics.WeightsSet(Netuid);
        return done;
    }

    /// <summary>
    /// Weights that stay as they are under a new block, as the chain's do at a commit. What was said of a uid's former owner goes: until now the epoch knew it by its age, which the new block hides.
    /// </summary>
    private WeightsOf Touched(WeightsOf? before, long block)
    {
        if (before is null)
        {
            return new WeightsOf(block, [], []);
        }

        int[] kept = [.. Enumerable.Range(0, before.Uids.Length).Where(k => _book.Neuron(before.Uids[k]) is { } target && before.LastUpdate > target.RegisteredAt)];
        return new WeightsOf(block, Array.ConvertAll(kept, k => before.Uids[k]), Array.ConvertAll(kept, k => before.Values[k]));
    }

    private Changes Written(Changes changes, int uid, WeightsOf weights) => changes.With(SubnetRows.Binary(SubnetRows.Weights, Key, SubnetRows.Uid(uid), SubnetBinary.Write(weights)));

    /// <summary>Block of a uid's last own submission; 0 for never, so that a newcomer need not wait.</summary>
    private long LastSet(int uid) => _book.Weights(uid)?.LastUpdate ?? 0;

    private async Task<long> StakeAsync(string hotkey)
    {
        var balances = (await Ledger.GetBalancesAsync([StakeAccounts.Own(hotkey), StakeAccounts.Pool(hotkey)])).Require();
        return balances.Posted[0] + balances.Posted[1];
    }

    private static bool Owns(string coldkey, string hotkey) => Hotkeys.TryParse(hotkey, out var owner, out _) && owner == coldkey;

    private Refusal NoUid(int uid) => Refusal.Of("subnet.uid_unknown", $"uid {uid} of subnet {Netuid} is nobody's; uids are below {_book.Count}", ("netuid", Netuid), ("uid", uid), ("count", _book.Count));
}
