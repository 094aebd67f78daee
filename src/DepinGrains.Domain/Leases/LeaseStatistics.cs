using System.Collections.Immutable;

namespace DepinGrains.Domain.Leases;

/// <summary>A lease's life, as statistics need it.</summary>
/// <param name="ResourceClass">See <see cref="ResourceClasses.Of"/>.</param>
/// <param name="ClosedAt">Null while open.</param>
public readonly record struct LeaseLife(string ResourceClass, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt);

/// <summary>How many leases of a class were active at any time in a period.</summary>
/// <param name="Start">First day of the period, UTC.</param>
/// <param name="Period"><c>2026-11-22</c> or <c>2026-Q4</c>.</param>
public readonly record struct ActiveLeases(DateOnly Start, string Period, string ResourceClass, long Active);

/// <summary>Names of resource classes.</summary>
public static class ResourceClasses
{
    /// <summary>With cards: <c>gpu/MODEL</c>. Without: <c>cpu/small</c> up to 2 cores and 4 GiB, <c>cpu/medium</c> up to 8 cores and 32 GiB, else <c>cpu/large</c>.</summary>
    public static string Of(long cpuMilli, long memoryBytes, int gpus, string gpuModel) => (cpuMilli, memoryBytes) switch
    {
        _ when gpus > 0 => "gpu/" + (gpuModel.Length == 0 ? "any" : gpuModel),
        ( <= 2_000, <= 4L << 30) => "cpu/small",
        ( <= 8_000, <= 32L << 30) => "cpu/medium",
        _ => "cpu/large",
    };
}

/// <summary>Active leases per UTC day and calendar quarter by resource class. One pass over the leases, one over the periods.</summary>
public static class LeaseStatistics
{
    /// <summary>Periods answered at most.</summary>
    public const int PeriodsMax = 1_000;

    /// <summary>One row per class and day from <paramref name="from"/> to <paramref name="to"/>, both included; classes in order, then days; rows of zero left out.</summary>
    public static ImmutableArray<ActiveLeases> ByDay(IEnumerable<LeaseLife> leases, DateOnly from, DateOnly to, DateTimeOffset now) =>
        Count(leases, from.DayNumber, to.DayNumber, now, static d => d.DayNumber, static i => DateOnly.FromDayNumber(i), static d => d.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>The same per quarter that <paramref name="from"/>…<paramref name="to"/> touch.</summary>
    public static ImmutableArray<ActiveLeases> ByQuarter(IEnumerable<LeaseLife> leases, DateOnly from, DateOnly to, DateTimeOffset now) =>
        Count(
            leases,
            QuarterOf(from),
            QuarterOf(to),
            now,
            QuarterOf,
            static i => new DateOnly(i / 4, (i % 4 * 3) + 1, 1),
            static d => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{d.Year}-Q{((d.Month - 1) / 3) + 1}"));

    private static int QuarterOf(DateOnly day) => (day.Year * 4) + ((day.Month - 1) / 3);

    private static ImmutableArray<ActiveLeases> Count(
        IEnumerable<LeaseLife> leases,
        int first,
        int last,
        DateTimeOffset now,
        Func<DateOnly, int> index,
        Func<int, DateOnly> start,
        Func<DateOnly, string> name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(last - first, PeriodsMax - 1);
        var changes = new SortedDictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var lease in leases)
        {
            var end = lease.ClosedAt is { } closed && closed < now ? closed : now;
            var begin = Math.Max(first, index(DateOnly.FromDateTime(lease.OpenedAt.UtcDateTime)));
            var until = Math.Min(last, index(DateOnly.FromDateTime(end.UtcDateTime)));
            if (end < lease.OpenedAt || begin > until)
            {
                continue;
            }

            if (!changes.TryGetValue(lease.ResourceClass, out var deltas))
            {
                changes[lease.ResourceClass] = deltas = new long[last - first + 2];
            }

            deltas[begin - first]++;
            deltas[until - first + 1]--;
        }

        var rows = ImmutableArray.CreateBuilder<ActiveLeases>();
        foreach (var (resourceClass, deltas) in changes)
        {
            long active = 0;
            for (var i = 0; i <= last - first; i++)
            {
                active += deltas[i];
                if (active > 0)
                {
                    var day = start(first + i);
                    rows.Add(new ActiveLeases(day, name(day), resourceClass, active));
                }
            }
        }

        return rows.DrainToImmutable();
    }
}
