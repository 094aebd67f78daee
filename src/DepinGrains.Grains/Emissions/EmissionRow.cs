using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Emissions;

/// <summary>Blocks of a subnet not yet drawn: rao for its owner and for the rest.</summary>
/// <param name="Even">Whether every block has the same, so that it can be divided; else sums of older spans put together.</param>
public readonly record struct PendingSpan(long From, long To, long Owner, long Queued, bool Even);

/// <summary>What a subnet has not drawn.</summary>
/// <param name="DrawnBlock">Last block drawn; −1 = none.</param>
/// <param name="DrawnEpoch">Last epoch that drew.</param>
public sealed record SubnetPending(int Netuid, ImmutableArray<PendingSpan> Spans, long DrawnBlock, long? DrawnEpoch)
{
    /// <summary>The subnet is gone: a share decided before its end reaches nobody, and what it would have had stays unissued.</summary>
    public bool Ended { get; init; }

    /// <summary>Rao of all spans.</summary>
    public long Total => Spans.Sum(static s => s.Owner + s.Queued);
}

/// <summary>The row of TAO's emission.</summary>
/// <param name="Settled">Last block whose emission is in the ledger; −1 = none.</param>
/// <param name="Issuance">After it, rao: what the ledger has less by now came back since.</param>
/// <param name="Halved">Most halvings ever reached.</param>
/// <param name="Emitted">Rao issued by blocks so far.</param>
/// <param name="Returned">Rao that came back until the last settlement.</param>
/// <param name="Window">Index of the last of <paramref name="Windows"/>.</param>
/// <param name="Windows">Rao that came back in each window of blocks, the last one still open.</param>
/// <param name="Outbox">Transfers decided and not yet known to be in the ledger, in order.</param>
public sealed record EmissionRow(
    long Settled,
    long Issuance,
    int Halved,
    long Emitted,
    long Returned,
    long SharesFrom,
    string Strategy,
    ImmutableArray<SubnetShare> Shares,
    ImmutableArray<SubnetPending> Pending,
    long Window,
    ImmutableArray<long> Windows,
    ImmutableArray<Transfer> Outbox,
    DateTimeOffset NextActionAt) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<EmissionRow> Kind = new(
        new TableDefinition("emission", [new("next_action_ms", ColumnType.Int64)], [new("next_action", ["next_action_ms"])]),
        static s => [s.Outbox.IsEmpty ? s.NextActionAt.ToUnixTimeMilliseconds() : 0L]);

    /// <summary>One subnet; with nothing when it never had anything.</summary>
    public SubnetPending Of(int netuid) => Pending.FirstOrDefault(p => p.Netuid == netuid) ?? new SubnetPending(netuid, [], -1, null);

    /// <summary>Replaces one.</summary>
    public EmissionRow With(SubnetPending pending) => this with { Pending = Pending.RemoveAll(p => p.Netuid == pending.Netuid).Add(pending) };
}

/// <summary>What an epoch drew, for ever; a child row.</summary>
public sealed record DrawRow(EmissionDraw Draw) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<DrawRow> Kind = new(new TableDefinition("emission_draw", [], []), static _ => []);

    /// <summary>By subnet and epoch.</summary>
    public static string KeyOf(int netuid, long epoch) => string.Create(CultureInfo.InvariantCulture, $"{netuid:D5}/{epoch:D12}");
}

/// <summary>A point of the history, one per window; a child row.</summary>
public sealed record PointRow(EmissionPoint Point) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<PointRow> Kind = new(
        new TableDefinition("emission_point", [new("block", ColumnType.Int64)], [new("block", ["block"])]),
        static s => [s.Point.Block]);

    /// <summary>Keys sort by window.</summary>
    public static string KeyOf(long window) => window.ToString("D12", CultureInfo.InvariantCulture);
}
