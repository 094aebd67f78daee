using System.Collections.Immutable;
using DepinGrains.Domain.Leases;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Leases;

/// <summary>
/// Counts active leases with the database's own GROUP BY over the indexes of <c>opened_ms</c> and <c>closed_ms</c>: who was open when the first period began, then who came and went in each. The same numbers as
/// <see cref="LeaseStatistics"/> gives for all leases in memory.
/// </summary>
public sealed class LeaseActivity(IRowStore store)
{
    private const string Unknown = "unknown";

    /// <summary>Active leases of periods that follow on each other; classes in order, then periods; rows of zero left out.</summary>
    public async Task<ImmutableArray<ActiveLeases>> CountAsync(ImmutableArray<LeasePeriod> periods)
    {
        if (periods.IsEmpty)
        {
            return [];
        }

        var before = Ms(periods[0].Start);
        var open = await CountAsync(new Filter("opened_ms", Comparison.Less, before));
        Add(open, await CountAsync(new Filter("closed_ms", Comparison.Less, before)), -1);
        var rows = new List<ActiveLeases>();
        foreach (var period in periods)
        {
            var (start, end) = (Ms(period.Start), Ms(period.End));
            Add(open, await CountAsync(new("opened_ms", Comparison.GreaterOrEqual, start), new("opened_ms", Comparison.Less, end)), +1);
            rows.AddRange(open.Where(static c => c.Value > 0).Select(c => new ActiveLeases(period.Start, period.Name, c.Key, c.Value)));
            Add(open, await CountAsync(new("closed_ms", Comparison.GreaterOrEqual, start), new("closed_ms", Comparison.Less, end)), -1);
        }

        return [.. rows.OrderBy(static r => r.ResourceClass, StringComparer.Ordinal).ThenBy(static r => r.Start)];
    }

    private static long Ms(DateOnly day) => new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private static void Add(SortedDictionary<string, long> sums, SortedDictionary<string, long> counts, int sign)
    {
        foreach (var (name, count) in counts)
        {
            sums[name] = sums.GetValueOrDefault(name) + (sign * count);
        }
    }

    private async Task<SortedDictionary<string, long>> CountAsync(params ImmutableArray<Filter> filters)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (value, count) in await store.CountByAsync(LeaseState.Kind.Table.Kind, "resource_class", filters))
        {
            // Rows of versions that knew no classes.
            var name = value as string ?? Unknown;
            counts[name] = counts.GetValueOrDefault(name) + count;
        }

        return counts;
    }
}
