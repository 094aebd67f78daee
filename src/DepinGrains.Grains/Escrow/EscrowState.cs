using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Escrow;

/// <summary>A deposit whose money has not been taken yet: written before the ledger is asked, so that a crash cannot lose it.</summary>
public sealed record DepositIntent(string OperationId, string Depositor, string Currency, long Amount, string TransferId);

/// <summary>The row of an escrow account.</summary>
/// <param name="Account">Null until the first deposit has been taken.</param>
/// <param name="Intent">The deposit under way, at most one.</param>
/// <param name="Outbox">Ledger transfers that follow from <paramref name="Account"/> and may not have been made yet; making them again is harmless.</param>
public sealed record EscrowState(EscrowAccount? Account, string Owner, DepositIntent? Intent, ImmutableArray<Transfer> Outbox) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<EscrowState> Kind = new(
        new TableDefinition(
            "escrow",
            [new("owner", ColumnType.Text), new("status", ColumnType.Text), new("unfinished", ColumnType.Boolean)],
            [new("owner", ["owner"]), new("unfinished", ["unfinished"])]),
        static state =>
        [
            state.Owner,
            state.Account?.Status.ToString().ToLowerInvariant() ?? "opening",
            state.Intent is not null || state.Outbox.Length > 0,
        ]);
}
