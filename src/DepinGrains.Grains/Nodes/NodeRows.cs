using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Nodes;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Nodes;

/// <summary>Tables of this feature.</summary>
public static class NodeRows
{
    /// <summary>How many buckets the column <c>bucket</c> (FNV-1a of the id) knows; the number of liveness shards divides it.</summary>
    public const int Buckets = 64;

    /// <summary>How much older than the newest booking, or what runs in one, <c>updated_ms</c> may be. All else that is written sets it exactly.</summary>
    public static readonly TimeSpan BookingPrecision = TimeSpan.FromSeconds(1);

    /// <summary>Position of <c>status</c> among the columns.</summary>
    public const int StatusColumn = 1;

    /// <summary>Position of <c>session</c> among the columns.</summary>
    public const int SessionColumn = 11;

    /// <summary>Position of <c>generation</c> among the columns.</summary>
    public const int GenerationColumn = 12;

    /// <summary>Position of <c>live</c> among the columns.</summary>
    public const int LiveColumn = 10;

    /// <summary>
    /// Nodes. Instants are Unix milliseconds, CPU milli-CPU, memory bytes. Free amounts count reservations that may have expired since (see <c>updated_ms</c>):
    /// filters on them err on the safe side, views are computed. <c>live</c>: a liveness shard watches it. <c>leases</c>: 1 when it carries any (rows of older versions count them), so that the sweep finds
    /// silent nodes that matter; a count would move an index with every lease. Totals and
    /// <c>storage_free</c> are for sums over all nodes; rows of older versions have none until their next write.
    /// </summary>
    public static readonly RowKind<NodeState> Node = new(
        new TableDefinition(
            "node",
            [
                new("provider", ColumnType.Text),
                new("status", ColumnType.Text),
                new("region", ColumnType.Text),
                new("last_seen_ms", ColumnType.Int64),
                new("cpu_free", ColumnType.Int64),
                new("memory_free", ColumnType.Int64),
                new("gpu_free", ColumnType.Int64),
                new("gpu_model", ColumnType.Text),
                new("updated_ms", ColumnType.Int64),
                new("bucket", ColumnType.Int64),
                new("live", ColumnType.Boolean),
                new("session", ColumnType.Int64),
                new("generation", ColumnType.Int64),
                new("leases", ColumnType.Int64),
                new("cpu_total", ColumnType.Int64),
                new("memory_total", ColumnType.Int64),
                new("gpu_total", ColumnType.Int64),
                new("storage_total", ColumnType.Int64),
                new("storage_free", ColumnType.Int64),
            ],
            [
                new("provider", ["provider", "status", "updated_ms"]),
                new("status", ["status", "updated_ms"]),
                new("status_leases", ["status", "leases"]),
                new("region", ["region", "updated_ms"]),
                new("gpu", ["gpu_model", "gpu_free"]),
                new("updated", ["updated_ms"]),
                new("bucket_live", ["bucket", "live"]),
                new("bucket_updated", ["bucket", "updated_ms"]),
            ]),
        Columns);

    /// <summary>Sealed env and credentials of one reservation's workloads; parent = node id, key = reservation id, document binary.</summary>
    public static readonly TableDefinition Secret = new("node_secret", [], []);

    /// <summary>The tables a host's store must know.</summary>
    public static ImmutableArray<TableDefinition> Tables => [Node.Table, Secret, NodeBookRows.Kind.Table];

    /// <summary>Bucket of a node: <see cref="KeyHash"/> of its id modulo <see cref="Buckets"/>.</summary>
    public static int BucketOf(string node) => KeyHash.Shard(node, Buckets);

    /// <summary>Text of a status in the column <c>status</c>.</summary>
    public static string StatusText(NodeStatus status) => status switch
    {
        NodeStatus.Joining => "joining",
        NodeStatus.Online => "online",
        NodeStatus.Suspect => "suspect",
        NodeStatus.Offline => "offline",
        NodeStatus.Draining => "draining",
        NodeStatus.Retired => "retired",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };

    /// <summary>All classes but <c>ram</c>, which is memory.</summary>
    private static long Bytes(ImmutableArray<StorageClassCapacity> storage) => storage.Where(static s => s.Class != StorageClasses.Ram).Sum(static s => s.Bytes);

    private static ImmutableArray<object?> Columns(NodeState state)
    {
        var free = NodeRules.Free(state, state.Kept);
        return
        [
            state.Provider,
            StatusText(NodeRules.StatusOf(state)),
            state.Region,
            state.LastSeenAt.ToUnixTimeMilliseconds(),
            free.CpuMilli,
            free.MemoryBytes,
            (long)free.Gpus.Length,
            NodeRules.GpuModelOf(state.Hardware),
            state.UpdatedAt.ToUnixTimeMilliseconds(),
            (long)BucketOf(state.Id),
            NodeRules.IsLive(state),
            state.Session,
            state.Generation,
            state.Bookings.Any(static b => b.Lease is not null) ? 1L : 0L,
            state.Hardware.CpuMilli,
            state.Hardware.MemoryBytes,
            (long)state.Hardware.Gpus.Length,
            Bytes(state.Hardware.Storage),
            Bytes(free.Storage),
        ];
    }
}
