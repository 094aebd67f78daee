using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>The root row of a subnet's figures of serving; they are in child rows.</summary>
/// <param name="Reports">Taken so far.</param>
public sealed record SubnetServingState(long Reports) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<SubnetServingState> Kind = new(new TableDefinition("subnet_serving", [], []), static _ => []);
}

/// <summary>What gateways saw of one uid's owner. The uid's next owner begins anew.</summary>
/// <param name="RegisteredAt">Block of the registration these figures are of.</param>
/// <param name="LastFailure">Why it last failed, in one word.</param>
/// <param name="ReportedAt">When a gateway last told something.</param>
public sealed record MinerServingRow(
    int Netuid, int Uid, string Hotkey, long RegisteredAt, MinerFigures Figures, string? LastFailure, DateTimeOffset? LastFailureAt, DateTimeOffset ReportedAt) : RowDocument
{
    /// <summary>The table; its key is the uid.</summary>
    public static readonly RowKind<MinerServingRow> Kind = new(
        new TableDefinition("miner_serving", [new("uid", ColumnType.Int64), new("hotkey", ColumnType.Text)], [new("uid", ["parent", "uid"]), new("hotkey", ["hotkey"])]),
        static r => [(long)r.Uid, r.Hotkey]);

    /// <summary>Hours since 1970.</summary>
    public static long HourOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3_600;
}
