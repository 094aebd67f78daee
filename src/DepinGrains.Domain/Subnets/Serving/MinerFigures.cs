using System.Collections.Immutable;
using DepinGrains.Contracts.Subnets;

namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>Tries of one hour; <paramref name="Hour"/> counts from 1970.</summary>
public sealed record MinerHour(long Hour, MinerTally Tally);

/// <summary>What is kept of a miner: everything since its registration in one sum, the last day by hours. Immutable, of bounded size.</summary>
/// <param name="Hours">Ascending, at most <see cref="HoursMax"/>.</param>
public sealed record MinerFigures(MinerTally Total, ImmutableArray<MinerHour> Hours)
{
    /// <summary>Hours kept: the one under way and a whole day before it.</summary>
    public const int HoursMax = 25;

    /// <summary>Nothing seen.</summary>
    public static MinerFigures Empty { get; } = new(MinerTallies.Empty, []);

    /// <summary>The figures after a report that came in an hour; what is older than a day leaves.</summary>
    public MinerFigures With(MinerTally seen, long hour)
    {
        // A clock set back must not begin an hour twice.
        var at = Hours is [.., { } newest] ? Math.Max(hour, newest.Hour) : hour;
        var kept = Hours.RemoveAll(h => h.Hour <= at - HoursMax);
        return new(Total.Plus(seen), kept is [.., { } last] && last.Hour == at ? kept.SetItem(kept.Length - 1, new MinerHour(at, last.Tally.Plus(seen))) : kept.Add(new MinerHour(at, seen)));
    }

    /// <summary>The sum of the last day, the hour under way included.</summary>
    public MinerTally Day(long hour) => Hours.Where(h => h.Hour > hour - HoursMax).Aggregate(MinerTallies.Empty, static (sum, h) => sum.Plus(h.Tally));
}

/// <summary>Sums and percentiles of tallies.</summary>
public static class MinerTallies
{
    /// <summary>Bounds of first tokens: 25 ms doubled up to 51.2 s, and beyond.</summary>
    public const int Bounds = 13;

    private const long FirstBoundMs = 25;

    /// <summary>Nothing.</summary>
    public static MinerTally Empty { get; } = new(0, 0, 0, 0, 0, 0, 0, [.. new long[Bounds]]);

    /// <summary>The index in <see cref="MinerTally.FirstTokens"/> of a time.</summary>
    public static int BoundOf(long micros)
    {
        var bound = 0;
        while (bound < Bounds - 1 && micros >= (FirstBoundMs << bound) * 1_000)
        {
            bound++;
        }

        return bound;
    }

    /// <summary>Both together.</summary>
    public static MinerTally Plus(this MinerTally a, MinerTally b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new(
            a.Requests + b.Requests, a.Answers + b.Answers, a.Failures + b.Failures, a.Busy + b.Busy, a.PromptTokens + b.PromptTokens, a.CompletionTokens + b.CompletionTokens,
            a.FirstTokenMicros + b.FirstTokenMicros, [.. a.FirstTokens.Zip(b.FirstTokens, static (x, y) => x + y)]);
    }

    /// <summary>True when every number can be one: none negative, none so large that a year of them overflows.</summary>
    public static bool IsPlausible(this MinerTally tally)
    {
        const long Most = 1L << 50;
        return tally is { FirstTokens: { IsDefault: false, Length: Bounds } times }
            && new[] { tally.Requests, tally.Answers, tally.Failures, tally.Busy, tally.PromptTokens, tally.CompletionTokens, tally.FirstTokenMicros }.Concat(times).All(static n => n is >= 0 and <= Most);
    }

    /// <summary>Milliseconds below which so many hundredths of the answers had their first token; null without answers, or when it lies beyond the last bound.</summary>
    public static long? FirstTokenMs(this MinerTally tally, int percent)
    {
        ArgumentNullException.ThrowIfNull(tally);
        var (wanted, seen) = (tally.FirstTokens.Sum() * percent, 0L);
        for (var bound = 0; bound < Bounds - 1 && wanted > 0; bound++)
        {
            seen += tally.FirstTokens[bound];
            if (seen * 100 >= wanted)
            {
                return FirstBoundMs << bound;
            }
        }

        return null;
    }
}
