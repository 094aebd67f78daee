using System.Globalization;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Ledgers;

/// <summary>An issuance whose money may or may not have moved; written before the ledger is asked.</summary>
public sealed record IssuanceIntent(string OperationId, string Fingerprint, Issuance Issuance);

/// <summary>The row of a token's issuance.</summary>
/// <param name="Day">UTC day that <paramref name="OnDay"/> counts.</param>
public sealed record IssuanceState(long Issued, DateOnly Day, long OnDay, IssuanceIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<IssuanceState> Kind = new(
        new TableDefinition("issuance", [new("unfinished", ColumnType.Boolean)], [new("unfinished", ["unfinished"])]),
        static s => [s.Intent is not null]);
}

/// <summary>Money that was issued, for ever; a child row of its token.</summary>
public sealed record IssuedRow(Issuance Issuance) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<IssuedRow> Kind = new(
        new TableDefinition("issued", [new("token", ColumnType.Text), new("at_ms", ColumnType.Int64)], [new("token", ["token", "at_ms"])]),
        static s => [s.Issuance.Token, s.Issuance.At.ToUnixTimeMilliseconds()]);

    /// <summary>Key below its token.</summary>
    public static string KeyOf(long ordinal) => ordinal.ToString("D12", CultureInfo.InvariantCulture);
}
