using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Grains.Ledgers;

/// <summary>Bounds of a ledger's queues, index and snapshots.</summary>
public sealed class LedgerOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Ledgers";

    /// <summary>Most decisions waiting for the journal; beyond it callers get <c>LedgerOverloadedException</c>.</summary>
    [Range(1, 1_000_000)]
    public int PendingMax { get; set; } = 65_536;

    /// <summary>Most bytes waiting for the journal (with one call of the largest transfers on top a batch stays below 16 MiB, the store's limit); beyond it callers get <c>LedgerOverloadedException</c>.</summary>
    [Range(64 * 1024, 4 << 20)]
    public int PendingBytesMax { get; set; } = 4 << 20;

    /// <summary>Most transfers of one <c>ExecuteManyAsync</c>.</summary>
    [Range(1, 1000)]
    public int BatchMax { get; set; } = 1000;

    /// <summary>Most accounts of one <c>GetBalancesAsync</c>: two of each hotkey of the largest subnet.</summary>
    [Range(1, 100_000)]
    public int BalancesMax { get; set; } = 10_000;

    /// <summary>Most lines of a statement page.</summary>
    [Range(1, 1000)]
    public int StatementMax { get; set; } = 200;

    /// <summary>Most transfers whose rows go into one index transaction; a store may want fewer.</summary>
    [Range(1, 100_000)]
    public int IndexBatch { get; set; } = 20_000;

    /// <summary>Up to this rate (transfers/s over the last tick) rows are built after every commit.</summary>
    [Range(0, int.MaxValue)]
    public int IndexAtOnceRate { get; set; } = 1_000;

    /// <summary>How long the oldest transfer waits for its rows when there are more; shorter than the lag that is promised, for writing them takes its time too.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan IndexAge { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Above this rate (transfers/s over the last tick) rows wait for a calmer moment, however old, as long as they are not <see cref="IndexDeferMax"/> behind.</summary>
    [Range(1, int.MaxValue)]
    public int IndexDeferRate { get; set; } = 48_000;

    /// <summary>Transfers the rows may fall behind while they wait for a calmer moment; beyond it they are built without a pause and the ledger is braked.</summary>
    [Range(0, int.MaxValue)]
    public int IndexDeferMax { get; set; } = 2_000_000;

    /// <summary>Transfers the rows may be behind at all (about 200 bytes of memory each); beyond it callers get <c>LedgerOverloadedException</c>.</summary>
    [Range(1, int.MaxValue)]
    public int IndexLagMax { get; set; } = 4_000_000;

    /// <summary>A snapshot is kept after so many transfers.</summary>
    [Range(1, int.MaxValue)]
    public int SnapshotTransfers { get; set; } = 1_000_000;

    /// <summary>Where the filter of stored ids stops growing, bytes (3 bytes an id).</summary>
    [Range(1L << 16, 1L << 30)]
    public long FilterBytesMax { get; set; } = 256L << 20;

    /// <summary>How often the ledger looks for holds that are over and for rows to index when nobody calls.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan Tick { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the writer waits at most for the callers it has just answered to join the next batch; timers count whole milliseconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:00.010")]
    public TimeSpan GatherMax { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>A clean audit answers again for so long while the ledger stands at its sequence.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan AuditKeep { get; set; } = TimeSpan.FromMinutes(1);
}
