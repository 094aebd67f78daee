using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Shares;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Subnets;

/// <summary>A share as it was set, exactly: Q64 in decimal.</summary>
public sealed record KeptShare(int Netuid, string Share, int OwnerCut);

/// <summary>Shares as computed for the boundaries from <paramref name="From"/> to <paramref name="Due"/>, on their way to the emission.</summary>
public sealed record RootSettlement(long From, long Due, string Strategy, ImmutableArray<KeptShare> Shares, ImmutableArray<RootMember> Members, ImmutableArray<SubnetPrice> Prices);

/// <summary>The root's row. <paramref name="SettledBlock"/>: the last multiple of the tempo at which shares were computed; −1 = none yet.</summary>
public sealed record RootState(ImmutableArray<RootMember> Members, ImmutableArray<SubnetPrice> Prices, long SettledBlock, string Strategy, ImmutableArray<KeptShare> Shares, DateTimeOffset? NextActionAt) : RowDocument
{
    /// <summary>Written before the emission is told: what is told again after a crash is the same, though stakes have moved since.</summary>
    public RootSettlement? Settling { get; init; }

    /// <summary>The table.</summary>
    public static readonly RowKind<RootState> Kind = new(
        new TableDefinition("root_network", [new("next_action_ms", ColumnType.Int64)], [new("next_action", ["next_action_ms"])]), static s => [s.NextActionAt?.ToUnixTimeMilliseconds()]);
}

/// <summary>Owns the shares: computed → written down → set at the emission under an id of the block they hold from → settled.</summary>
[GrainType("depin.root_network")]
public sealed class RootNetworkGrain(IRowStore store, NetworkClock clock, IOptions<SubnetOptions> options) : Grain, IRootNetworkGrain
{
    private const int SubnetsMax = 1_000;
    private GrainRow<RootState> _row = null!;

    private RootState State => _row.Value ?? new RootState([], [], -1, "equal", [], null);

    private ILedgerGrain Ledger => GrainFactory.GetGrain<ILedgerGrain>(EmissionKeys.Tao);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _row = new GrainRow<RootState>(store, RootState.Kind, this.GetPrimaryKeyString(), DeactivateOnIdle);
        await _row.LoadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Result<RootMember>> RegisterAsync(string operationId, string coldkey, string hotkey)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        var print = Changes.Fingerprint(new { coldkey, hotkey });
        if (await _row.RememberedAsync<RootMember>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (StakeKeys.OwnerOf(hotkey) != coldkey)
        {
            return Refusal.Of("root.not_owner", "the signer does not own this hotkey", ("error", "NonAssociatedColdKey"));
        }

        if (State.Members.Any(m => m.Hotkey == hotkey))
        {
            return Refusal.Of("root.already_member", "the hotkey is one of the root's validators", ("error", "AlreadyRegistered"));
        }

        var members = await WithStakesAsync(State.Members.Add(new RootMember(hotkey, 0, clock.Block(), [], [])));
        var (newcomer, others) = (members[^1], members.RemoveAt(members.Length - 1));
        if (others.Length >= options.Value.RootMembers)
        {
            var least = others.MinBy(static m => (m.Stake, -m.RegisteredAt))!;
            if (newcomer.Stake <= least.Stake)
            {
                return Refusal.Of("root.stake_too_low", $"stake {newcomer.Stake} rao; the least of {others.Length} root validators has {least.Stake}", ("error", "StakeTooLowForRoot"), ("stake", newcomer.Stake), ("least", least.Stake));
            }

            others = others.Remove(least);
        }

        Result<RootMember> done = newcomer;
        await MustCommitAsync(State with { Members = others.Add(newcomer) }, new Changes().Remember(operationId, print, done).Event("network", "root.registered", hotkey, new { newcomer.Hotkey, newcomer.Stake }));
        return done;
    }

    /// <inheritdoc/>
    public async Task<Result<RootMember>> SetWeightsAsync(string operationId, SetRootWeights command)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        if (command.Netuids.IsDefault || command.Values.IsDefault)
        {
            return Refusal.Of("root.weights_invalid", "weights are subnets with as many values");
        }

        var print = Changes.Fingerprint(command);
        if (await _row.RememberedAsync<RootMember>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (StakeKeys.OwnerOf(command.Hotkey) != command.Signer)
        {
            return Refusal.Of("root.not_owner", "the signer does not own this hotkey", ("error", "NonAssociatedColdKey"));
        }

        if (State.Members.FirstOrDefault(m => m.Hotkey == command.Hotkey) is not { } member)
        {
            return Refusal.Of("root.not_member", "the hotkey is not one of the root's validators: register it first", ("error", "NotRegistered"));
        }

        if (command.Netuids.IsDefaultOrEmpty || command.Values.IsDefault || command.Netuids.Length != command.Values.Length || command.Netuids.Length > SubnetsMax
            || command.Netuids.Distinct().Count() != command.Netuids.Length || command.Netuids.Any(static n => n is < 0 or > ushort.MaxValue) || command.Values.All(static v => v == 0))
        {
            return Refusal.Of("root.weights_invalid", $"weights are different subnets with as many values, one of them above 0, at most {SubnetsMax}", ("max", SubnetsMax));
        }

        var next = member with { Netuids = command.Netuids, Values = [.. FixedVector.MaxUpscale(command.Values.AsSpan())] };
        Result<RootMember> done = next;
        await MustCommitAsync(State with { Members = State.Members.Replace(member, next) }, new Changes().Remember(operationId, print, done).Event("network", "root.weights", command.Hotkey, next));
        return done;
    }

    /// <inheritdoc/>
    public async Task<Result<SubnetPrice>> PostPriceAsync(string operationId, int netuid, long priceQ32)
    {
        if (await WhyNotReadyAsync() is { } notReady)
        {
            return notReady;
        }

        var print = Changes.Fingerprint(new { netuid, priceQ32 });
        if (await _row.RememberedAsync<SubnetPrice>(operationId, print) is { } remembered)
        {
            return remembered;
        }

        if (priceQ32 < 0)
        {
            return Refusal.Of("root.price_invalid", "a price is not negative", ("price", priceQ32));
        }

        if (!(await ActiveAsync()).Any(s => s.Netuid == netuid))
        {
            return Refusal.Of("subnet.not_found", $"there is no active subnet {netuid}", ("netuid", netuid));
        }

        var before = State.Prices.FirstOrDefault(p => p.Netuid == netuid);
        var next = new SubnetPrice(netuid, priceQ32, before?.Average ?? 0);
        Result<SubnetPrice> done = next;
        await MustCommitAsync(State with { Prices = (before is null ? State.Prices : State.Prices.Remove(before)).Add(next) }, new Changes().Remember(operationId, print, done).Event("network", "root.price", SubnetState.Key(netuid), next));
        return done;
    }

    /// <inheritdoc/>
    public Task<RootView> GetAsync()
    {
        _row.ThrowIfLost();
        return Task.FromResult(new RootView(
            State.Strategy, State.SettledBlock, State.Members, State.Prices, [.. State.Shares.Select(static s => new ShareView(s.Netuid, (long)((BigInteger.Parse(s.Share, CultureInfo.InvariantCulture) * 1_000_000) >> 64)))]));
    }

    /// <inheritdoc/>
    public Task TickAsync() => SettleAsync(clock.Block());

    /// <inheritdoc/>
    public async Task<bool> SettleAsync(long block)
    {
        _row.ThrowIfLost();
        if (!await FinishAsync())
        {
            return false;
        }

        var tempo = options.Value.RootTempo;
        var due = block - (block % tempo);
        if (due <= State.SettledBlock)
        {
            return true;
        }

        // Nobody changed anything since the boundaries that were missed, or this would have been called: shares of the first of them hold for all.
        var from = State.SettledBlock < 0 ? block : State.SettledBlock + tempo;
        var subnets = await ActiveAsync();
        var members = await WithStakesAsync(State.Members);
        var prices = Averaged(State.Prices.RemoveAll(p => subnets.All(s => s.Netuid != p.Netuid)), Math.Max(0, due - from) / tempo);
        var (strategy, shares) = Shares(subnets, members, prices);
        ImmutableArray<KeptShare> kept = [.. shares.Select(static s => new KeptShare(s.Netuid, s.Share.ToString(CultureInfo.InvariantCulture), s.OwnerCut))];
        var settling = new RootSettlement(from, due, strategy, kept, members, prices);
        if (strategy == State.Strategy && kept.SequenceEqual(State.Shares))
        {
            await MustCommitAsync(Settled(settling), new Changes());
            return true;
        }

        await MustCommitAsync(State with { Settling = settling }, new Changes());
        return await FinishAsync();
    }

    /// <summary>Tells the emission what was written down, in the same words however often. False: on its silo's clock that block is still to come.</summary>
    private async Task<bool> FinishAsync()
    {
        if (State.Settling is not { } settling)
        {
            return true;
        }

        ImmutableArray<SubnetShare> shares = [.. settling.Shares.Select(static s => new SubnetShare(s.Netuid, UInt128.Parse(s.Share, CultureInfo.InvariantCulture), s.OwnerCut))];
        var operation = string.Create(CultureInfo.InvariantCulture, $"root/{settling.From}");
        var told = await GrainFactory.GetGrain<IEmissionGrain>(EmissionKeys.Tao).SetSharesAsync(operation, new SetShares(settling.From, shares, settling.Strategy));
        if (told is { IsOk: false, Refusal.Code: "emission.block_future" })
        {
            return false;
        }

        told.Require();
        await MustCommitAsync(Settled(settling), new Changes());
        return true;
    }

    /// <summary>Before a command: what it changes would be lost to shares that are written down and not told.</summary>
    private async Task<Refusal?> WhyNotReadyAsync() => await SettleAsync(clock.Block())
        ? null
        : Refusal.Of("root.catching_up", $"shares from block {State.Settling?.From} on are still to be told to the emission: ask again", ("from", State.Settling?.From));

    private RootState Settled(RootSettlement settling) =>
        State with { Members = settling.Members, Prices = settling.Prices, SettledBlock = settling.Due, Strategy = settling.Strategy, Shares = settling.Shares, Settling = null };

    private (string Strategy, ImmutableArray<SubnetShare> Shares) Shares(ImmutableArray<SubnetState> subnets, ImmutableArray<RootMember> members, ImmutableArray<SubnetPrice> prices)
    {
        var strategy = options.Value.Shares == ShareStrategy.PriceEma ? "price_ema" : "root_weights";
        var shares = options.Value.Shares == ShareStrategy.PriceEma ? ByPrice(subnets, prices) : ByRoot(subnets, members);
        if (shares.All(static s => s == 0))
        {
            // Nobody said anything yet: a young network's subnets get the same.
            (strategy, shares) = ("equal", [.. subnets.Select(_ => SubnetEmission.All / (UInt128)subnets.Length)]);
        }

        return (strategy, [.. subnets.Select((s, i) => new SubnetShare(s.Netuid, shares[i], s.Hyperparameters.OwnerCut))]);
    }

    private UInt128[] ByRoot(ImmutableArray<SubnetState> subnets, ImmutableArray<RootMember> members)
    {
        // Column 0 is the root; weights for subnets that are gone count as its: nobody gets them, as before they were gone.
        var weights = members.Select(m =>
        {
            var row = new ushort[subnets.Length + 1];
            for (var i = 0; i < m.Netuids.Length; i++)
            {
                var at = 1 + subnets.IndexOf(subnets.FirstOrDefault(s => s.Netuid == m.Netuids[i])!);
                row[at] = (ushort)Math.Min(ushort.MaxValue, row[at] + m.Values[i]);
            }

            return row;
        }).ToArray();
        var shares = new RootNetwork(options.Value.RootRho).Shares([.. members.Select(static m => (ulong)m.Stake)], weights);
        return shares.Length == 0 ? new UInt128[subnets.Length] : shares[1..];
    }

    private static UInt128[] ByPrice(ImmutableArray<SubnetState> subnets, ImmutableArray<SubnetPrice> prices) =>
        PriceEma.Shares([.. subnets.Select(s => prices.FirstOrDefault(p => p.Netuid == s.Netuid)?.Average ?? 0)], new ushort[subnets.Length]);

    /// <summary>Averages after this boundary and <paramref name="missed"/> more.</summary>
    private ImmutableArray<SubnetPrice> Averaged(ImmutableArray<SubnetPrice> prices, long missed)
    {
        var ema = new PriceEma((long)(((Int128)options.Value.PriceAlpha << 32) / 1_000_000));
        return [.. prices.Select(price =>
        {
            var average = price.Average;
            for (var i = 0L; i <= missed && ema.Next(average, price.Price) is var next && next != average; i++)
            {
                average = next;
            }

            return price with { Average = average };
        })];
    }

    private async Task<ImmutableArray<SubnetState>> ActiveAsync()
    {
        var page = await store.ListAsync(new ListQuery(SubnetState.Kind.Table.Kind, [new Filter("status", Comparison.Equal, "active")], "netuid", false, SubnetsMax, null));
        return [.. page.Rows.Select(RowKind<SubnetState>.Read)];
    }

    private async Task<ImmutableArray<RootMember>> WithStakesAsync(ImmutableArray<RootMember> members)
    {
        if (members.IsEmpty)
        {
            return members;
        }

        var posted = (await Ledger.GetBalancesAsync([.. members.SelectMany(static m => (string[])[StakeAccounts.Own(m.Hotkey), StakeAccounts.Pool(m.Hotkey)])])).Require().Posted;
        return [.. members.Select((m, i) => m with { Stake = posted[2 * i] + posted[(2 * i) + 1] })];
    }

    private async Task MustCommitAsync(RootState next, Changes changes)
    {
        next = next with { NextActionAt = clock.TimeOfBlock(Math.Max(0, next.SettledBlock) + options.Value.RootTempo) };
        if (await _row.CommitAsync(next, changes) is { } refusal)
        {
            throw new InvalidOperationException(refusal.ToString());
        }
    }
}
