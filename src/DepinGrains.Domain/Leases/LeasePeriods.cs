using System.Globalization;

namespace DepinGrains.Domain.Leases;

/// <summary>A period of statistics: whole UTC days, <paramref name="End"/> is the first day after it.</summary>
public readonly record struct LeasePeriod(DateOnly Start, DateOnly End, string Name);

/// <summary>Days and calendar quarters as periods.</summary>
public static class LeasePeriods
{
    /// <summary>Every day of a range, both ends included.</summary>
    public static IEnumerable<LeasePeriod> Days(DateOnly from, DateOnly to)
    {
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            yield return new LeasePeriod(day, day.AddDays(1), day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Every quarter a range touches.</summary>
    public static IEnumerable<LeasePeriod> Quarters(DateOnly from, DateOnly to)
    {
        for (var start = new DateOnly(from.Year, ((from.Month - 1) / 3 * 3) + 1, 1); start <= to; start = start.AddMonths(3))
        {
            yield return new LeasePeriod(start, start.AddMonths(3), string.Create(CultureInfo.InvariantCulture, $"{start.Year}-Q{((start.Month - 1) / 3) + 1}"));
        }
    }
}
