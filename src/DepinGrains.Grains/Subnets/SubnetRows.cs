using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Subnets.Weights;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Subnets;

/// <summary>A registered neuron: what changes seldom. Its weights and its numbers are in rows of their own.</summary>
/// <param name="RegisteredAt">Block.</param>
/// <param name="Axon">Where it answers.</param>
/// <param name="AxonBlock">When it announced last; null = never.</param>
/// <param name="Commits">Promised weights.</param>
/// <param name="Node">The node it proved to run on.</param>
public sealed record NeuronState(
    int Netuid, int Uid, string Hotkey, string Coldkey, long RegisteredAt, AxonInfo? Axon, long? AxonBlock, ImmutableArray<WeightCommit> Commits, string? Node) : RowDocument
{
    /// <summary>The table; lists find a hotkey's and a coldkey's uids.</summary>
    public static readonly RowKind<NeuronState> Kind = new(
        new TableDefinition(
            "neuron",
            [new("hotkey", ColumnType.Text), new("coldkey", ColumnType.Text), new("netuid", ColumnType.Int64), new("uid", ColumnType.Int64)],
            [new("hotkey", ["hotkey", "netuid"]), new("coldkey", ["coldkey", "netuid"])]),
        static n => [n.Hotkey, n.Coldkey, (long)n.Netuid, (long)n.Uid]);
}

/// <summary>An epoch that was done, for charts.</summary>
public sealed record EpochRow(SubnetEpochView View) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<EpochRow> Kind = new(
        new TableDefinition("subnet_epoch", [new("epoch", ColumnType.Int64), new("block", ColumnType.Int64)], [new("epoch", ["parent", "epoch"])]),
        static r => [r.View.Epoch, r.View.Block]);

    /// <summary>Key of an epoch, in the order of epochs.</summary>
    public static string Key(long epoch) => epoch.ToString("D19", CultureInfo.InvariantCulture);
}

/// <summary>What an epoch decided to pay, kept until it is paid.</summary>
/// <param name="Epoch">Whose payments they are; null in rows of before it was written.</param>
public sealed record PaymentRow(ImmutableArray<EpochPayment> Payments, long? Epoch) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<PaymentRow> Kind = new(new TableDefinition("subnet_payment", [], []), static _ => []);
}

/// <summary>Child rows of a subnet: documents by <see cref="NeuronState"/> and <see cref="EpochRow"/>, arrays in binary by <see cref="SubnetBinary"/>.</summary>
public static class SubnetRows
{
    /// <summary>Weights a uid set, key = uid.</summary>
    public static readonly TableDefinition Weights = new("subnet_weights", [], []);

    /// <summary>Numbers of the last epoch, one row.</summary>
    public static readonly TableDefinition Numbers = new("subnet_numbers", [], []);

    /// <summary>Bonds, one row.</summary>
    public static readonly TableDefinition Bonds = new("subnet_bonds", [], []);

    /// <summary>The only key of kinds with one row.</summary>
    public const string Only = "now";

    /// <summary>Every table of subnets.</summary>
    public static ImmutableArray<TableDefinition> Tables =>
        [SubnetRegistryState.Kind.Table, RootState.Kind.Table, SubnetState.Kind.Table, NeuronState.Kind.Table, EpochRow.Kind.Table, PaymentRow.Kind.Table, ChallengeRow.Kind.Table, SubnetServingState.Kind.Table, MinerServingRow.Kind.Table, Weights, Numbers, Bonds];

    /// <summary>Key of a uid, in the order of uids.</summary>
    public static string Uid(int uid) => uid.ToString("D5", CultureInfo.InvariantCulture);

    /// <summary>A binary row; null deletes it.</summary>
    public static ChildWrite Binary(TableDefinition table, string parent, string key, byte[]? bytes) =>
        new(new RowId(table.Kind, parent, key), [], bytes is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(bytes));
}
