using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Oracle;

/// <summary>What one feeder said last.</summary>
/// <param name="PriceE8">US dollars for one whole token, times 10⁸.</param>
public sealed record FeederPrice(string Feeder, long PriceE8, DateTimeOffset At);

/// <summary>Rules that hold at an instant.</summary>
/// <param name="Staleness">Older posts do not count.</param>
/// <param name="FeedersMin">Fresh posts a price needs.</param>
/// <param name="MoveMaxBps">Largest change against the price last believed.</param>
/// <param name="GuardWindow">How long a larger change keeps the price out of force.</param>
public readonly record struct PriceRules(TimeSpan Staleness, int FeedersMin, int MoveMaxBps, TimeSpan GuardWindow);

/// <summary>A price that may be dealt at.</summary>
public readonly record struct PriceInForce(long PriceE8, DateTimeOffset At, int Feeders);

/// <summary>
/// The price of one token. In force is the median of fresh posts; a median further than the guard allows from the last one believed is in force only after the guard's window:
/// meanwhile nobody deals, neither at the old price nor at the new one.
/// </summary>
/// <param name="Posts">One per feeder, by feeder.</param>
/// <param name="BelievedE8">The last median within the guard; 0 = none yet.</param>
/// <param name="BelievedAt">When a median was last within the guard.</param>
public sealed record PriceFeed(string Token, ImmutableArray<FeederPrice> Posts, long BelievedE8, DateTimeOffset BelievedAt)
{
    /// <summary>Units of a dollar.</summary>
    public const long One = 100_000_000;

    /// <summary>A million dollars for one token.</summary>
    public const long Max = 1_000_000 * One;

    /// <summary>The feed after a post. <c>oracle.price_invalid</c>, <c>oracle.post_old</c> (not newer than the feeder's last), <c>oracle.post_future</c>.</summary>
    public Result<PriceFeed> Post(FeederPrice post, PriceRules rules, DateTimeOffset now)
    {
        if (post.PriceE8 is < 1 or > Max)
        {
            return Refusal.Of("oracle.price_invalid", $"a price is above 0 and at most {Format(Max)} dollars, not {Format(post.PriceE8)}", ("priceE8", post.PriceE8), ("maxE8", Max));
        }

        if (post.At > now + TimeSpan.FromSeconds(30))
        {
            return Refusal.Of("oracle.post_future", $"the price was observed at {post.At:O}, after now ({now:O})", ("at", post.At.ToString("O")), ("now", now.ToString("O")));
        }

        var before = Posts.FirstOrDefault(p => p.Feeder == post.Feeder);
        if (before is not null && post.At <= before.At)
        {
            return Refusal.Of("oracle.post_old", $"{post.Feeder} posted a price of {before.At:O} already", ("at", post.At.ToString("O")), ("last", before.At.ToString("O")));
        }

        var posts = (before is null ? Posts : Posts.Remove(before)).Add(post);
        var next = this with { Posts = [.. posts.OrderBy(static p => p.Feeder, StringComparer.Ordinal)] };
        return next.Fresh(rules, now) is { Length: > 0 } fresh && fresh.Length >= rules.FeedersMin && next.Guard(Median(fresh), rules, now) is null
            ? next with { BelievedE8 = Median(fresh), BelievedAt = now }
            : next;
    }

    /// <summary>
    /// An operator says that the price feeders agree on now is right, and which one that is: another may have come in since it looked. <c>oracle.price_stale</c>, <c>oracle.price_differs</c> with both.
    /// </summary>
    public Result<PriceFeed> Confirm(long priceE8, PriceRules rules, DateTimeOffset now)
    {
        var fresh = Fresh(rules, now);
        if (fresh.Length < rules.FeedersMin || fresh.IsEmpty)
        {
            return Stale(fresh.Length, rules, now);
        }

        var median = Median(fresh);
        return median == priceE8
            ? this with { BelievedE8 = median, BelievedAt = now }
            : Refusal.Of("oracle.price_differs", $"feeders say {Format(median)} for {Token} now, not {Format(priceE8)}", ("token", Token), ("confirmed", Format(priceE8)), ("now", Format(median)));
    }

    /// <summary>The feed without a feeder.</summary>
    public PriceFeed Without(string feeder) => this with { Posts = Posts.RemoveAll(p => p.Feeder == feeder) };

    /// <summary>The price now: <c>oracle.price_stale</c> or <c>oracle.price_moved</c> with the numbers when there is none to deal at.</summary>
    public Result<PriceInForce> InForce(PriceRules rules, DateTimeOffset now)
    {
        var fresh = Fresh(rules, now);
        if (fresh.Length < rules.FeedersMin || fresh.IsEmpty)
        {
            return Stale(fresh.Length, rules, now);
        }

        var median = Median(fresh);
        return Guard(median, rules, now) is { } refusal ? refusal : new PriceInForce(median, fresh.Max(static p => p.At), fresh.Length);
    }

    /// <summary>Middle of the posts; of an even number the mean of the middle two, rounded down.</summary>
    public static long Median(ImmutableArray<FeederPrice> posts)
    {
        var sorted = posts.Select(static p => p.PriceE8).Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Dollars as people read them.</summary>
    public static string Format(long priceE8) => (priceE8 / (decimal)One).ToString("0.########", CultureInfo.InvariantCulture);

    /// <summary>Reads dollars with at most 8 decimals.</summary>
    public static bool TryParse(string? text, out long priceE8)
    {
        priceE8 = 0;
        if (text is not { Length: > 0 and <= 32 } || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value * One > Max)
        {
            return false;
        }

        var scaled = value * One;
        priceE8 = scaled == decimal.Truncate(scaled) ? (long)scaled : 0;
        return priceE8 > 0;
    }

    private ImmutableArray<FeederPrice> Fresh(PriceRules rules, DateTimeOffset now) => [.. Posts.Where(p => now - p.At <= rules.Staleness)];

    private Refusal Stale(int fresh, PriceRules rules, DateTimeOffset now)
    {
        var newest = Posts.IsEmpty ? "never" : $"{(long)(now - Posts.Max(static p => p.At)).TotalSeconds} s ago";
        return Refusal.Of(
            "oracle.price_stale",
            $"the price of {Token} needs {rules.FeedersMin} feeder(s) not older than {(long)rules.Staleness.TotalSeconds} s; {fresh} of {Posts.Length} are, the newest posted {newest}",
            ("token", Token),
            ("needed", rules.FeedersMin),
            ("fresh", fresh),
            ("feeders", Posts.Length),
            ("staleness", (long)rules.Staleness.TotalSeconds));
    }

    private Refusal? Guard(long median, PriceRules rules, DateTimeOffset now)
    {
        var move = BelievedE8 == 0 ? 0 : (Int128)Math.Abs(median - BelievedE8) * 10_000 / BelievedE8;
        return move <= rules.MoveMaxBps || now - BelievedAt > rules.GuardWindow
            ? null
            : Refusal.Of(
                "oracle.price_moved",
                $"the price of {Token} went from {Format(BelievedE8)} to {Format(median)}, {move} basis points, above the {rules.MoveMaxBps} believed at once; it is in force at {BelievedAt + rules.GuardWindow:O} or when an operator confirms it",
                ("token", Token),
                ("before", Format(BelievedE8)),
                ("now", Format(median)),
                ("moveBps", move),
                ("maxBps", rules.MoveMaxBps));
    }
}
