using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Domain.Network;
using DepinGrains.Domain.Oracle;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Oracle;

/// <summary>The row of the oracle.</summary>
public sealed record OracleState(ImmutableArray<string> Feeders, ImmutableArray<PriceFeed> Feeds, long Posts) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<OracleState> Kind = new(new TableDefinition("oracle", [], []), static _ => []);

    /// <summary>Before the first feeder.</summary>
    public static OracleState Empty { get; } = new([], [], 0);

    /// <summary>The feed of a token.</summary>
    public PriceFeed Feed(string token) => Feeds.FirstOrDefault(f => f.Token == token) ?? new PriceFeed(token, [], 0, default);

    /// <summary>Replaces a feed.</summary>
    public OracleState With(PriceFeed feed) =>
        this with { Feeds = [.. Feeds.RemoveAll(f => f.Token == feed.Token).Add(feed).OrderBy(static f => f.Token, StringComparer.Ordinal)] };

    /// <summary>The price of a token now, by feeders or, while none has ever posted, by configuration.</summary>
    public PriceView Price(string token, OracleOptions options, ParameterValues parameters)
    {
        var feed = Feed(token);
        ImmutableArray<FeederPriceView> posts = [.. feed.Posts.Select(static p => new FeederPriceView(p.Feeder, PriceFeed.Format(p.PriceE8), p.At))];
        // Once feeders have posted, configuration is of another time: without them there is no price.
        if (!Feeds.Any(f => f.Token == token) && options.Seed.TryGetValue(token, out var seed) && PriceFeed.TryParse(seed, out var seeded))
        {
            return new PriceView(token, PriceFeed.Format(seeded), seeded, parameters.At, "configuration", posts, null);
        }

        var price = feed.InForce(Rules(parameters), parameters.At);
        return price.IsOk
            ? new PriceView(token, PriceFeed.Format(price.Value.PriceE8), price.Value.PriceE8, price.Value.At, "feeders", posts, null)
            : new PriceView(token, null, 0, null, "feeders", posts, price.Refusal);
    }

    /// <summary>The rules that hold now.</summary>
    public static PriceRules Rules(ParameterValues parameters) => new(
        TimeSpan.FromSeconds(parameters[NetworkParameterCatalog.OracleStaleness]),
        (int)parameters[NetworkParameterCatalog.OracleFeedersMin],
        (int)parameters[NetworkParameterCatalog.OracleMoveMax],
        TimeSpan.FromSeconds(parameters[NetworkParameterCatalog.OracleGuardWindow]));
}

/// <summary>One posted price, for ever; a child row.</summary>
public sealed record PriceRow(string Token, string Feeder, string Usd, DateTimeOffset ObservedAt, DateTimeOffset PostedAt, string? InForce) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<PriceRow> Kind = new(
        new TableDefinition("price", [new("token", ColumnType.Text), new("posted_ms", ColumnType.Int64)], [new("token", ["token", "posted_ms"])]),
        static s => [s.Token, s.PostedAt.ToUnixTimeMilliseconds()]);

    /// <summary>Key below the oracle.</summary>
    public static string KeyOf(long post) => post.ToString("D15", CultureInfo.InvariantCulture);
}
