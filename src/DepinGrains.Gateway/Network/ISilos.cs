using System.Collections.Immutable;

namespace DepinGrains.Gateway.Network;

/// <summary>What the grain runtime knows of the processes that host grains: of all silos on Orleans, of the one process on Local.</summary>
public interface ISilos
{
    /// <summary>Name of the runtime.</summary>
    string Runtime { get; }

    /// <summary>Every silo the runtime remembers, dead ones of the last day too. One that does not answer in time is there without its counts.</summary>
    Task<ImmutableArray<SiloCounts>> ListAsync(CancellationToken cancel);
}

/// <summary>One silo as the runtime tells of it.</summary>
/// <param name="Name">Its name in logs; a pod's.</param>
/// <param name="Address">Its endpoint, <c>10.1.2.3:11111</c>; <c>local</c> where there is but one process.</param>
/// <param name="Status"><c>joining</c>, <c>active</c>, <c>shutting_down</c>, <c>stopping</c>, <c>dead</c>…</param>
/// <param name="StartedAt">When it joined.</param>
/// <param name="Overloaded">It refuses gateways' calls as overload; null: not known.</param>
/// <param name="CpuPercent">Of its machine, 0 to 100; null: not known.</param>
/// <param name="MemoryBytes">What it uses; null: not known.</param>
/// <param name="MemoryMaxBytes">The most it may use; null: not known.</param>
/// <param name="Activations">Grains in memory by kind, most frequent first; null: it did not answer.</param>
public sealed record SiloCounts(
    string Name,
    string Address,
    string Status,
    DateTimeOffset? StartedAt,
    bool? Overloaded,
    int? CpuPercent,
    long? MemoryBytes,
    long? MemoryMaxBytes,
    ImmutableArray<GrainCount>? Activations);

/// <summary>Activations of one kind of grain.</summary>
/// <param name="Kind">The grain's class without namespace and <c>Grain</c>, e.g. <c>Lease</c>.</param>
/// <param name="Activations">How many are in memory.</param>
public sealed record GrainCount(string Kind, long Activations)
{
    /// <summary>Counts by the full name of a class, most frequent first.</summary>
    public static ImmutableArray<GrainCount> Of(IEnumerable<(string Class, long Count)> counts) =>
        Sum(counts.Select(static c => new GrainCount(KindOf(c.Class), c.Count)));

    /// <summary>Counts of several silos as one, most frequent first.</summary>
    public static ImmutableArray<GrainCount> Sum(IEnumerable<GrainCount> counts) =>
        [.. counts.GroupBy(static c => c.Kind, StringComparer.Ordinal).Select(static g => new GrainCount(g.Key, g.Sum(static c => c.Activations))).OrderByDescending(static c => c.Activations).ThenBy(static c => c.Kind, StringComparer.Ordinal)];

    private static string KindOf(string name)
    {
        var type = name.Split(',')[0];
        var kind = type[(type.LastIndexOf('.') + 1)..];
        return kind.Length > 5 && kind.EndsWith("Grain", StringComparison.Ordinal) ? kind[..^5] : kind;
    }
}
