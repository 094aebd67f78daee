using System.Collections.Immutable;
using DepinGrains.Domain.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Staking;

/// <summary>What moves between a coldkey's money and a hotkey's stake.</summary>
public enum StakeStep
{
    /// <summary>Wallet to stake.</summary>
    Add,

    /// <summary>Stake to wallet, or to the exit queue where the token unbonds.</summary>
    Remove,

    /// <summary>Stake to the coldkey's transit account.</summary>
    Leave,

    /// <summary>Transit account to stake.</summary>
    Arrive,

    /// <summary>Transit account back to where it came from.</summary>
    Return,

    /// <summary>Exit queue back to stake.</summary>
    Cancel,

    /// <summary>Exit queue to wallet, when it is free.</summary>
    Exit,
}

/// <summary>A movement under way with all it was decided on; written before the ledger is asked.</summary>
/// <param name="Requested">As the caller said it: 0 = all.</param>
/// <param name="Amount">Minor units that move.</param>
/// <param name="Shares">Given up by it; those it is given are counted when the money has come.</param>
/// <param name="Orphaned">Rewards that came into a pool without delegators: moved to the owner before the first of them comes.</param>
/// <param name="Unbonding">Length of the exit; zero = at once.</param>
public sealed record StakeIntent(StakeStep Step, string OperationId, string Coldkey, long Requested, long Amount, Int128 Shares, long Orphaned, DateTimeOffset At, TimeSpan Unbonding)
{
    /// <summary>Id of its transfer.</summary>
    public string TransferId => "stake/" + OperationId;
}

/// <summary>The row of a hotkey; key = <c>denom/hotkey</c>.</summary>
/// <param name="Take">Of 65535.</param>
/// <param name="Shares">All shares of the pool.</param>
/// <param name="Unbonding">All exits, minor units.</param>
/// <param name="Exits">How many exits were paid: part of their ids.</param>
/// <param name="Staked">All stake after the last movement, without the rewards since: what lists sort by.</param>
public sealed record StakeState(string Token, string Hotkey, string Owner, bool IsDelegate, int Take, DateTimeOffset? TakeRaisedAt, Int128 Shares, int Delegators, long Unbonding, long Exits, long Staked, StakeIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<StakeState> Kind = new(
        new TableDefinition(
            "stake_hotkey",
            [new("token", ColumnType.Text), new("owner", ColumnType.Text), new("is_delegate", ColumnType.Boolean), new("staked", ColumnType.Int64), new("unfinished", ColumnType.Boolean)],
            [new("token", ["token", "staked"]), new("owner", ["owner"]), new("unfinished", ["unfinished"])]),
        static s => [s.Token, s.Owner, s.IsDelegate, s.Staked, s.Intent is not null]);
}

/// <summary>What one coldkey has on a hotkey; a child row of it, key = coldkey. The owner's stake is a ledger account of its own and needs no shares.</summary>
/// <param name="AddedAt">When stake was added last.</param>
/// <param name="PutIn">What came from the coldkey less what went back, minor units; below 0 where rewards went too; null: a row from before it was counted.</param>
public sealed record DelegationState(string Token, string Hotkey, string Coldkey, Int128 Shares, DateTimeOffset? AddedAt, ImmutableArray<UnbondingEntry> Exits, long? PutIn = null) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<DelegationState> Kind = new(
        new TableDefinition(
            "stake_delegation",
            [new("token", ColumnType.Text), new("coldkey", ColumnType.Text), new("free_ms", ColumnType.Int64)],
            [new("coldkey", ["coldkey", "token"]), new("free", ["free_ms"])]),
        static s => [s.Token, s.Coldkey, s.Exits.IsEmpty ? null : s.Exits.Min(static e => e.FreeAt).ToUnixTimeMilliseconds()]);
}

/// <summary>A coldkey's move between hotkeys under way.</summary>
public sealed record MoveIntent(string OperationId, string From, string To, long Requested);

/// <summary>The row of a coldkey's moves; key = <c>denom/coldkey</c>.</summary>
public sealed record StakerState(MoveIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<StakerState> Kind = new(
        new TableDefinition("staker", [new("unfinished", ColumnType.Boolean)], [new("unfinished", ["unfinished"])]),
        static s => [s.Intent is not null]);
}
