using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Staking;

/// <summary>An epoch under way with all it pays; written before the ledger is asked.</summary>
/// <param name="Carry">What the division left for the epoch after.</param>
public sealed record InflationIntent(InflationEpoch Epoch, Int128 Carry, ImmutableArray<Transfer> Transfers);

/// <summary>The row of a token's inflation; key = its denomination.</summary>
/// <param name="NextAt">When the epoch <paramref name="NextEpoch"/> is over.</param>
public sealed record InflationState(long NextEpoch, DateTimeOffset NextAt, Int128 Carry, long Minted, long Community, long Staked, InflationIntent? Intent) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<InflationState> Kind = new(
        new TableDefinition("inflation", [new("next_action_ms", ColumnType.Int64)], [new("next_action", ["next_action_ms"])]),
        static s => [s.NextAt.ToUnixTimeMilliseconds()]);
}

/// <summary>One epoch that was paid, for ever; a child row.</summary>
public sealed record InflationEpochRow(InflationEpoch Epoch) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<InflationEpochRow> Kind = new(
        new TableDefinition("inflation_epoch", [new("token", ColumnType.Text), new("epoch", ColumnType.Int64)], [new("token", ["token", "epoch"])]),
        static s => [s.Epoch.Token, s.Epoch.Epoch]);

    /// <summary>Keys sort by epoch.</summary>
    public static string KeyOf(long epoch) => epoch.ToString("D12", CultureInfo.InvariantCulture);
}
