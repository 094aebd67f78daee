using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Exports;

/// <summary>An account of a ledger. All lines of one ledger in one answer are of one moment: their balances add up to zero.</summary>
/// <param name="Ledger">Denomination; <c>{credit}.{source}</c> for what follows credit to its source.</param>
/// <param name="Balance">Minor units, what is held included.</param>
/// <param name="Entries">How many entries it has had.</param>
/// <param name="Through">The journal's sequence up to which this is.</param>
/// <param name="Cursor">Where an export goes on behind this line.</param>
public sealed record AccountLine(string Ledger, string Account, long Balance, long Entries, long Through, string Cursor);

/// <summary>One operation of a ledger's journal, in order.</summary>
/// <param name="Sequence">The journal's sequence.</param>
/// <param name="Operation">Place in its batch, from 0.</param>
/// <param name="Id">The transfer's id; of an expiry the hold's.</param>
/// <param name="Kind"><c>post</c>, <c>hold</c>, <c>capture</c>, <c>release</c>, <c>top_up_hold</c>, <c>expire</c>.</param>
/// <param name="Refused">The refusal's code; then nothing changed.</param>
/// <param name="HoldId">The hold acted on.</param>
/// <param name="Held">What it changed of what an account has set aside.</param>
public sealed record JournalLine(
    string Ledger,
    long Sequence,
    int Operation,
    DateTimeOffset At,
    string Id,
    string Kind,
    string? Refused,
    string? HoldId,
    HeldChange? Held,
    string Memo,
    ImmutableArray<EntryLine> Entries,
    string Cursor);

/// <summary>Money set aside or no longer so.</summary>
/// <param name="Delta">Minor units.</param>
/// <param name="Left">What the hold has left.</param>
public sealed record HeldChange(string Account, long Delta, long Left);

/// <summary>One account's side of an operation.</summary>
/// <param name="Sequence">Place among the account's entries, from 1.</param>
public sealed record EntryLine(string Account, long Delta, long BalanceAfter, long Sequence);

/// <summary>A lease, open or closed.</summary>
/// <param name="Rate">Exact decimal text, minor units a block.</param>
/// <param name="CloseReason">0 while open; 1 owner, 10000–19999 provider, 20000–29999 network.</param>
public sealed record LeaseLine(
    string Id,
    string Status,
    string Market,
    string Owner,
    string Provider,
    string Deployment,
    string Rate,
    string Currency,
    ImmutableArray<string> Nodes,
    long CpuMilli,
    long MemoryBytes,
    long Gpus,
    DateTimeOffset OpenedAt,
    DateTimeOffset? ClosedAt,
    int CloseReason,
    string CloseDetail,
    string Cursor)
{
    internal static LeaseLine Of(StoredRow row, string cursor)
    {
        var state = RowKind<LeaseState>.Read(row);
        var slots = state.Terms.Bookings.SelectMany(static b => b.Demand.Slots).ToArray();
        return new(
            row.Id.Key, LeaseNames.Of(state.Status), state.Terms.Market, state.Terms.Owner, state.Terms.Provider, state.Terms.Deployment, state.Terms.Rate, state.Terms.Currency,
            [.. state.Terms.Bookings.Select(static b => b.Node)], slots.Sum(static s => s.CpuMilli), slots.Sum(static s => s.MemoryBytes), slots.Sum(static s => (long)s.Gpus),
            state.Terms.OpenedAt, state.ClosedAt, state.CloseReason, state.CloseDetail, cursor);
    }
}

/// <summary>A bid, whatever became of it.</summary>
/// <param name="Attempt">Number among the order's bids.</param>
/// <param name="Price">Exact decimal text, minor units a block.</param>
/// <param name="Managed">Made by the network for the provider.</param>
/// <param name="Deposit">Minor units held.</param>
public sealed record BidLine(
    string Order, string Provider, int Attempt, BidStatus Status, string Price, string Denom, bool Managed, long Deposit, ImmutableArray<string> Nodes, DateTimeOffset At, string Cursor)
{
    internal static BidLine Of(StoredRow row, string cursor)
    {
        var bid = RowKind<BidState>.Read(row);
        return new($"{row.Id.Parent}/{bid.Gseq}/{bid.Oseq}", bid.Provider, bid.Attempt, bid.Status, bid.Price, bid.Denom, bid.Managed, bid.Deposit, [.. bid.Bookings.Select(static b => b.Node)], bid.At, cursor);
    }
}

/// <summary>Something that happened, as the topic's readers see it.</summary>
/// <param name="Position">Its place in the log of events.</param>
public sealed record EventLine(long Position, DateTimeOffset At, string Topic, string Type, string Subject, JsonElement Data, string Cursor)
{
    internal static EventLine Of(StoredEvent item)
    {
        var reader = new Utf8JsonReader(item.Data.Span);
        return new(item.Position, item.At, item.Topic, item.Type, item.Subject, JsonElement.ParseValue(ref reader), item.Position.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }
}
