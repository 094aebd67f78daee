using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Leases;
using DepinGrains.Gateway.Http;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Network;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Gateway.Leases;

/// <summary><c>/v1/statistics/leases</c>: how many leases were active per day or quarter, by resource class; counted by the database, never by grains.</summary>
public static class LeaseStatisticsEndpoints
{
    /// <summary>Periods of one page.</summary>
    public const int PeriodsMax = 92;

    /// <summary>Maps the endpoint.</summary>
    public static void MapLeaseStatistics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/statistics/leases", GetAsync).AllowAnonymous().WithTags("Market").WithName("leaseStatistics")
            .WithSummary("Active leases per day or quarter (UTC) by resource class; period=day|quarter, from, to as yyyy-MM-dd, at most 92 periods a page");

    /// <summary>One page of periods, oldest first; <c>nextFrom</c> is where the next page begins.</summary>
    public static async Task<IResult> GetAsync(LeaseActivity activity, NetworkClock clock, string period = "day", string? from = null, string? to = null)
    {
        var today = DateOnly.FromDateTime(clock.Now.UtcDateTime);
        if (period is not ("day" or "quarter"))
        {
            return Problems.From(Refusal.Of("statistics.period_invalid", $"period is day or quarter, not {(period.Length <= 20 ? period : period[..20])}", ("wanted", "day or quarter")));
        }

        var quarter = period == "quarter";
        if (Day(to, today) is not { } last || Day(from, quarter ? last.AddYears(-1) : last.AddDays(-29)) is not { } first || first > last)
        {
            return Problems.From(Refusal.Of("statistics.range_invalid", "from and to are days as yyyy-MM-dd, from not after to", ("from", from), ("to", to)));
        }

        last = last > today ? today : last;
        if (first > last)
        {
            return TypedResults.Ok(new LeaseStatisticsView(period, [], null));
        }

        var periods = quarter ? LeasePeriods.Quarters(first, last) : LeasePeriods.Days(first, last);
        var page = periods.Take(PeriodsMax).ToImmutableArray();
        var next = periods.Skip(PeriodsMax).Select(static p => p.Start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).FirstOrDefault();
        return TypedResults.Ok(new LeaseStatisticsView(period, await activity.CountAsync(page), next));
    }

    private static DateOnly? Day(string? text, DateOnly otherwise) =>
        text is null ? otherwise : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 2000 and <= 2200 ? day : null;
}

/// <summary>Active leases; periods without any are left out.</summary>
/// <param name="NextFrom">Ask again with <c>from</c> at this day for the periods that did not fit; null when all are here.</param>
public sealed record LeaseStatisticsView(string Period, ImmutableArray<ActiveLeases> Items, string? NextFrom);
