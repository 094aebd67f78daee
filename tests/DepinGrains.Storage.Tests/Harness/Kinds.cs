using System.Collections.Immutable;
using System.Text;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Storage.Tests.Harness;

/// <summary>Table definitions and short ways to write change sets.</summary>
public static class Kinds
{
    public static readonly TableDefinition Lease = new(
        "lease",
        [new("state", ColumnType.Text), new("price", ColumnType.Int64), new("open", ColumnType.Boolean)],
        [new("by_state", ["state", "price"]), new("by_price", ["price"])]);

    public static readonly TableDefinition Bid = new("bid", [], []);

    public static readonly ImmutableArray<TableDefinition> All = [Lease, Bid];

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public static RowId Id(string key) => RowId.Root("lease", key);

    public static RootWrite Root(string key, long expected, string? state = "open", long? price = 1, bool? open = true, string document = "{}") =>
        new(Id(key), expected, [state, price, open], Bytes(document));

    public static ChangeSet Change(RootWrite root, ImmutableArray<ChildWrite> children = default, ImmutableArray<OperationWrite> operations = default, ImmutableArray<EventWrite> events = default) =>
        new(root, children.IsDefault ? [] : children, operations.IsDefault ? [] : operations, events.IsDefault ? [] : events);

    public static ChangeSet Simple(string key, long expected, string? state = "open", long? price = 1) => Change(Root(key, expected, state, price));

    public static ChildWrite BidOf(string parent, string key, string? document = "bid") =>
        new(new RowId("bid", parent, key), [], document is null ? (ReadOnlyMemory<byte>?)null : Bytes(document));

    public static OperationWrite Operation(string id, string answer = "done") => new(id, Bytes("print"), Bytes(answer));

    public static EventWrite Event(string topic, string subject, string data = "{}") => new(topic, "lease.created", subject, Bytes(data));
}
