using System.Collections.Immutable;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Domain.Tests.Subnets.Serving;

public sealed class MinerFiguresTests
{
    [Fact]
    public void A_day_forgets_what_is_older_and_the_total_does_not()
    {
        var figures = MinerFigures.Empty;
        for (var hour = 100; hour < 200; hour++)
        {
            figures = figures.With(Answered(10), hour).With(Answered(30), hour);
        }

        Assert.Equal(200, figures.Total.Answers);
        Assert.Equal(2 * 25, figures.Day(199).Answers);
        Assert.Equal(2, figures.Day(223).Answers);
        Assert.Equal(0, figures.Day(224).Answers);
        Assert.Equal(MinerFigures.HoursMax, figures.Hours.Length);
        Assert.Equal(200 * 20_000, figures.Total.FirstTokenMicros);

        // Nothing for a week, then one: the week does not stay.
        Assert.Single(figures.With(Answered(1), 400).Hours);
    }

    [Fact]
    public void A_clock_set_back_begins_no_hour_twice() => Assert.Equal([7, 9], MinerFigures.Empty.With(Answered(1), 7).With(Answered(1), 9).With(Answered(1), 8).Hours.Select(static h => h.Hour));

    [Fact]
    public void Percentiles_are_the_bounds_below_which_first_tokens_came()
    {
        var tally = Enumerable.Repeat(10, 94).Concat([60, 60, 60, 70_000, 70_000, 70_000]).Aggregate(MinerTallies.Empty, static (sum, ms) => sum.Plus(Answered(ms)));
        Assert.Equal(25, tally.FirstTokenMs(50));
        Assert.Equal(100, tally.FirstTokenMs(95));
        Assert.Null(tally.FirstTokenMs(99));
        Assert.Null(MinerTallies.Empty.FirstTokenMs(50));
        Assert.Equal([0, 1, 11, 12, 12], new long[] { 24_999, 25_000, 51_199_999, 51_200_000, long.MaxValue }.Select(MinerTallies.BoundOf));
    }

    [Fact]
    public void Figures_nobody_can_have_counted_are_seen()
    {
        Assert.True(Answered(5).IsPlausible());
        Assert.False((Answered(5) with { Busy = -1 }).IsPlausible());
        Assert.False((Answered(5) with { PromptTokens = long.MaxValue }).IsPlausible());
        Assert.False((Answered(5) with { FirstTokens = [1, 2] }).IsPlausible());
        Assert.False((Answered(5) with { FirstTokens = default }).IsPlausible());
    }

    private static MinerTally Answered(int ms) =>
        MinerTallies.Empty with { Requests = 1, Answers = 1, FirstTokenMicros = ms * 1_000L, FirstTokens = MinerTallies.Empty.FirstTokens.SetItem(MinerTallies.BoundOf(ms * 1_000L), 1) };
}
