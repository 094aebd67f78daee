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

    /// <summary>PostgreSQL: most connections of this process.</summary>
    [Range(2, 200)]
    public int ConnectionsMax { get; set; } = 16;

    /// <summary>How long events are kept.</summary>
    public TimeSpan EventRetention { get; set; } = TimeSpan.FromDays(30);
}
