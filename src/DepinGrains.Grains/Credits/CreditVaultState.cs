using System.Collections.Immutable;
using DepinGrains.Contracts.Credits;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Credits;

/// <summary>A conversion under way with all it was decided on; written before the first ledger is asked.</summary>
public sealed record ConversionIntent(string OperationId, ConvertCredit Command, long Out, string Usd, int SpreadBps, DateTimeOffset At)
{
    /// <summary>Ids of its transfers begin with this.</summary>
    public string Id => "act/" + OperationId;
}

/// <summary>What the vault knows of one source. <paramref name="Burned"/>: burned into credit and not given back: what may be given back without new issuance.</summary>
public sealed record VaultSource(string Token, long Burned, DateOnly Day, long MintedOnDay);

/// <summary>The row of a vault.</summary>
public sealed record CreditVaultState(ImmutableArray<VaultSource> Sources, ConversionIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<CreditVaultState> Kind = new(
        new TableDefinition("credit_vault", [new("unfinished", ColumnType.Boolean)], [new("unfinished", ["unfinished"])]),
        static s => [s.Intent is not null]);

    /// <summary>One source.</summary>
    public VaultSource Source(string token) => Sources.FirstOrDefault(s => s.Token == token) ?? new VaultSource(token, 0, default, 0);

    /// <summary>Replaces one.</summary>
    public CreditVaultState With(VaultSource source) => this with { Sources = Sources.RemoveAll(s => s.Token == source.Token).Add(source) };
}

/// <summary>One conversion, for ever; a child row.</summary>
public sealed record ConversionRow(CreditConversion Conversion) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<ConversionRow> Kind = new(
        new TableDefinition("conversion", [new("identity", ColumnType.Text), new("at_ms", ColumnType.Int64)], [new("identity", ["identity", "at_ms"])]),
        static s => [s.Conversion.Identity, s.Conversion.At.ToUnixTimeMilliseconds()]);
}
