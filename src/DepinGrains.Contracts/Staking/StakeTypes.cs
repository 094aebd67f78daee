using System.Collections.Immutable;

namespace DepinGrains.Contracts.Staking;

/// <summary>Stake to add.</summary>
/// <param name="Coldkey">Who stakes; verified by the gateway.</param>
/// <param name="Amount">Minor units.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.add.v1")]
public sealed record AddStake([property: Id(0)] string Coldkey, [property: Id(1)] long Amount);

/// <summary>Stake to take out.</summary>
/// <param name="Amount">Minor units; 0 = all of it.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.remove.v1")]
public sealed record RemoveStake([property: Id(0)] string Coldkey, [property: Id(1)] long Amount);

/// <summary>Stake to move.</summary>
/// <param name="Amount">Minor units; 0 = all of it.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.move.v1")]
public sealed record MoveStake([property: Id(0)] string Coldkey, [property: Id(1)] string From, [property: Id(2)] string To, [property: Id(3)] long Amount);

/// <summary>What left a hotkey on its way to another.</summary>
/// <param name="Amount">Minor units.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.moved.v1")]
public sealed record StakeMoved([property: Id(0)] string Hotkey, [property: Id(1)] long Amount);

/// <summary>The owner's terms.</summary>
/// <param name="Coldkey">Who sets them; must be the owner.</param>
/// <param name="IsDelegate">Whether others may delegate. Delegations that exist stay when it is taken back, and go on earning.</param>
/// <param name="Take">The owner's part of what the stake earns, of 65535, before it is split by stake; null = as it is.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.set_terms.v1")]
public sealed record SetStakeTerms([property: Id(0)] string Coldkey, [property: Id(1)] bool IsDelegate, [property: Id(2)] int? Take);

/// <summary>How rewards of a hotkey are split.</summary>
/// <param name="Owner">Its coldkey.</param>
/// <param name="IsDelegate">Whether others may delegate.</param>
/// <param name="Take">Of 65535.</param>
/// <param name="HasDelegators">False: the pool has no shares, all is the owner's.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.terms.v1")]
public sealed record StakeTerms([property: Id(0)] string Hotkey, [property: Id(1)] string Owner, [property: Id(2)] bool IsDelegate, [property: Id(3)] int Take, [property: Id(4)] bool HasDelegators);

/// <summary>An exit: it earns nothing and is paid to the wallet when it is free.</summary>
/// <param name="Amount">Minor units.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.exit.v1")]
public sealed record StakeExit([property: Id(0)] long Amount, [property: Id(1)] DateTimeOffset FreeAt);

/// <summary>What a coldkey has on a hotkey.</summary>
/// <param name="Token">Denomination.</param>
/// <param name="Stake">Minor units now, rewards included.</param>
/// <param name="IsOwner">The owner's own stake.</param>
/// <param name="HeldUntil">Until when it can neither be taken out nor moved; null = free.</param>
/// <param name="Exits">On their way out, by time.</param>
/// <param name="Earned">Of all that ever was stake here what came as rewards and not from the coldkey, minor units, those taken out again included; null: stake from before this was counted.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.view.v1")]
public sealed record StakeView(
    [property: Id(0)] string Token,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] string Coldkey,
    [property: Id(3)] long Stake,
    [property: Id(4)] bool IsOwner,
    [property: Id(5)] DateTimeOffset? HeldUntil,
    [property: Id(6)] ImmutableArray<StakeExit> Exits,
    [property: Id(7)] long? Earned = null);

/// <summary>A hotkey with all its stake.</summary>
/// <param name="Token">Denomination.</param>
/// <param name="Own">The owner's stake, minor units.</param>
/// <param name="Delegated">Delegators' stake, minor units.</param>
/// <param name="Unbonding">On its way out, minor units.</param>
/// <param name="Delegators">How many.</param>
/// <param name="TakeRaisedAt">When the take was raised last; null = never.</param>
[GenerateSerializer, Immutable, Alias("depin.stake.hotkey.v1")]
public sealed record HotkeyView(
    [property: Id(0)] string Token,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] string Owner,
    [property: Id(3)] bool IsDelegate,
    [property: Id(4)] int Take,
    [property: Id(5)] long Own,
    [property: Id(6)] long Delegated,
    [property: Id(7)] long Unbonding,
    [property: Id(8)] int Delegators,
    [property: Id(9)] DateTimeOffset? TakeRaisedAt)
{
    /// <summary>What counts in consensus.</summary>
    public long Total => Own + Delegated;
}

/// <summary>Inflation of a token.</summary>
/// <param name="NextEpoch">Number of the first epoch not yet paid.</param>
/// <param name="NextAt">When it is over and due.</param>
/// <param name="EpochSeconds">Length of an epoch.</param>
/// <param name="RateMillionths">Of the supply per year, now.</param>
/// <param name="CommunityTaxMillionths">Of what is minted, now.</param>
/// <param name="Minted">Minted so far, minor units.</param>
/// <param name="Community">Of it, to the community pool.</param>
/// <param name="Staked">All stake at the last epoch paid.</param>
[GenerateSerializer, Immutable, Alias("depin.inflation.view.v1")]
public sealed record InflationView(
    [property: Id(0)] string Token,
    [property: Id(1)] long NextEpoch,
    [property: Id(2)] DateTimeOffset NextAt,
    [property: Id(3)] long EpochSeconds,
    [property: Id(4)] int RateMillionths,
    [property: Id(5)] int CommunityTaxMillionths,
    [property: Id(6)] long Supply,
    [property: Id(7)] long Minted,
    [property: Id(8)] long Community,
    [property: Id(9)] long Staked);

/// <summary>One epoch of inflation.</summary>
/// <param name="Minted">Minor units.</param>
/// <param name="Validators">How many were paid.</param>
[GenerateSerializer, Immutable, Alias("depin.inflation.epoch.v1")]
public sealed record InflationEpoch(
    [property: Id(0)] string Token,
    [property: Id(1)] long Epoch,
    [property: Id(2)] DateTimeOffset EndedAt,
    [property: Id(3)] int RateMillionths,
    [property: Id(4)] long Supply,
    [property: Id(5)] long Staked,
    [property: Id(6)] long Minted,
    [property: Id(7)] long Community,
    [property: Id(8)] int Validators);
