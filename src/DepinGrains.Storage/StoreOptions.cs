using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Storage;

/// <summary>Where and how rows are kept.</summary>
public sealed class StoreOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Store";

    /// <summary><c>sqlite</c> (one file, the embedded default) or <c>postgres</c>.</summary>
    [RegularExpression("^(sqlite|postgres)$")]
    public string Kind { get; set; } = "sqlite";

    /// <summary>SQLite: path of the file. PostgreSQL: the connection string.</summary>
    [Required, MinLength(1)]
    public string Connection { get; set; } = "depin.db";

    /// <summary>Most change sets in one transaction.</summary>
    [Range(1, 4096)]
    public int BatchMax { get; set; } = 256;

    /// <summary>Most change sets waiting; beyond it callers get <see cref="Rows.StoreOverloadedException"/>.</summary>
    [Range(1, 1_000_000)]
    public int QueueMax { get; set; } = 16_384;

    /// <summary>PostgreSQL: most connections of this process; three are the committers' and the listener's. SQLite: most reading connections.</summary>
    [Range(4, 200)]
    public int ConnectionsMax { get; set; } = 16;

    /// <summary>How long events are kept.</summary>
    public TimeSpan EventRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a change set is tried again (broken connection, full disk, deadlock) before its caller gets <see cref="Rows.CommitStatus.Unknown"/>.</summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a row's document or an event's data; larger ones are <see cref="Rows.CommitStatus.Rejected"/>.</summary>
    [Range(1, 256 * 1024 * 1024)]
    public int DocumentBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Most bytes gathered into one transaction (a single larger change set still goes alone).</summary>
    [Range(1, 1024 * 1024 * 1024)]
    public int BatchBytesMax { get; set; } = 16 * 1024 * 1024;

    /// <summary>Most child rows, operations and events of one change set.</summary>
    [Range(1, 1_000_000)]
    public int RowsPerChangeSetMax { get; set; } = 65_536;

    /// <summary>How often a waiting event reader looks by itself when no notification comes.</summary>
    public TimeSpan EventPoll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>What is wrong with the time spans, or null.</summary>
    internal string? Problem =>
        EventRetention <= TimeSpan.Zero ? "EventRetention must be positive"
        : RetryFor < TimeSpan.Zero || RetryFor > TimeSpan.FromMinutes(10) ? "RetryFor must be 0 to 10 minutes"
        : EventPoll <= TimeSpan.Zero ? "EventPoll must be positive"
        : null;
}
