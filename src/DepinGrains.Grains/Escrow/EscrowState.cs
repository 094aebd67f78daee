using System.Collections.Immutable;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Escrow;

/// <summary>A deposit whose money has not been taken yet: written before the ledger is asked, so that a crash cannot lose it.</summary>
public sealed record DepositIntent(string OperationId, string Depositor, string Currency, long Amount, string TransferId)
{
    /// <summary>Where the money comes from, in order; empty in rows of before allowances: the depositor's wallet.</summary>
    public ImmutableArray<PlannedDraw> Draws { get; init; } = [];

    /// <summary>The money asked for; null = the depositor's wallet.</summary>
    public DepositFrom? From { get; init; }
}

/// <summary>A part of a deposit that comes from one wallet.</summary>
/// <param name="TransferId">Id of the ledger transfer, and of the draw on the allowance.</param>
public sealed record PlannedDraw(string Depositor, string? GrantId, long Amount, string TransferId);

/// <summary>A transfer on the ledger that follows credit to a source.</summary>
public sealed record SourceTransfer(string Ledger, Transfer Transfer);

/// <summary>An allowance that grows again by a refund.</summary>
public sealed record AllowanceRestore(string GrantId, string Id, long Amount);

/// <summary>The row of an escrow account.</summary>
/// <param name="Account">Null until the first deposit has been taken.</param>
/// <param name="Intent">The deposit under way, at most one.</param>
/// <param name="Outbox">Ledger transfers that follow from <paramref name="Account"/> and may not have been made yet; making them again is harmless.</param>
public sealed record EscrowState(EscrowAccount? Account, string Owner, DepositIntent? Intent, ImmutableArray<Transfer> Outbox) : RowDocument
{
    /// <summary>Transfers of sources that belong to <see cref="Outbox"/>; made before it.</summary>
    public ImmutableArray<SourceTransfer> SourceOutbox { get; init; } = [];

    /// <summary>Allowances to restore for refunds of <see cref="Outbox"/>; after it.</summary>
    public ImmutableArray<AllowanceRestore> Restores { get; init; } = [];

    /// <summary>Closed before it was ever opened: an opening that arrives later is refused before money moves.</summary>
    public bool NeverOpens { get; init; }

    /// <summary>The table.</summary>
    public static readonly RowKind<EscrowState> Kind = new(
        new TableDefinition(
            "escrow",
            [new("owner", ColumnType.Text), new("status", ColumnType.Text), new("unfinished", ColumnType.Boolean)],
            [new("unfinished", ["unfinished"])]),
        static state =>
        [
            state.Owner,
            state.Account?.Status.ToString().ToLowerInvariant() ?? (state.NeverOpens ? "closed" : "opening"),
            state.Intent is not null || state.Outbox.Length > 0,
        ]);
}
