using System.Diagnostics.Metrics;
using DepinGrains.Domain.Escrow;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Deployments;

/// <summary>What deployments, orders and bids came to, counted where it was committed: sum over silos. What stands now is in <see cref="MarketMetrics"/>.</summary>
public sealed class DeploymentMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Deployments";

    private const string Topic = "deployment/";

    /// <summary>Dollars or tokens per hour: an eighth of a core is fractions of a cent, a rack of cards hundreds.</summary>
    private static readonly double[] Prices = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250];

    private readonly Dictionary<string, Counter<long>> _counters;
    private readonly Histogram<double> _latency;
    private readonly Histogram<double> _price;
    private readonly TokenCatalog _tokens;
    private readonly double _blocksPerHour;

    public DeploymentMetrics(IMeterFactory meters, TokenCatalog tokens, NetworkClock clock)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(clock);
        (_tokens, _blocksPerHour) = (tokens, TimeSpan.FromHours(1) / clock.BlockTime);
        var meter = meters.Create(MeterName);
        _counters = new(StringComparer.Ordinal)
        {
            ["deployment"] = Counter(meter, "deployments", "{deployment}", "Events of deployments", "created", "refused", "closed", "paused", "insufficient_funds", "resumed"),
            ["order"] = Counter(meter, "orders", "{order}", "Events of orders; matched = became a lease, closed = ended without one", "created", "matched", "award_undone", "ended", "closed"),
            ["bid"] = Counter(meter, "bids", "{bid}", "Events of bids", "created", "won", "lost", "closed"),
        };
        _latency = meter.CreateHistogram<double>("depin.market.order.lease_latency", "s", "From the opening of an order to its lease, the bidding window included");
        _price = meter.CreateHistogram(
            "depin.market.lease.price", "{token}/h", "Whole tokens an hour of the bids that won, by resource class", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Prices });
    }

    /// <summary>A commit came through: counts what its events tell, each once however many topics hear of it.</summary>
    internal void Committed(Changes changes)
    {
        foreach (var told in changes.Events)
        {
            var dot = told.Type.IndexOf('.', StringComparison.Ordinal);
            if (dot > 0 && told.Topic.StartsWith(Topic, StringComparison.Ordinal) && _counters.TryGetValue(told.Type[..dot], out var counter))
            {
                counter.Add(1, new KeyValuePair<string, object?>("event", told.Type[(dot + 1)..]));
            }
        }
    }

    /// <summary>An order became a lease.</summary>
    internal void Matched(TimeSpan after, string resourceClass, string denom, string rate)
    {
        _latency.Record(Math.Max(0, after.TotalSeconds));
        if (_tokens.Find(denom) is { } token)
        {
            var perBlock = (double)Rate.Parse(rate).Atoms / 1e18 / Math.Pow(10, token.Decimals);
            _price.Record(perBlock * _blocksPerHour, new("resource_class", resourceClass), new("denom", denom));
        }
    }

    /// <summary>With every event at zero: a rate of something that never happened must be 0, not absent.</summary>
    private static Counter<long> Counter(Meter meter, string name, string unit, string description, params ReadOnlySpan<string> events)
    {
        var counter = meter.CreateCounter<long>("depin.market." + name, unit, description);
        foreach (var one in events)
        {
            counter.Add(0, new KeyValuePair<string, object?>("event", one));
        }

        return counter;
    }
}
