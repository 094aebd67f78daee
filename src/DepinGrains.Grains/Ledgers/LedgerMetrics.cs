using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DepinGrains.Grains.Ledgers;

/// <summary>What the ledgers tell operators; every instrument carries <c>token</c>.</summary>
public sealed class LedgerMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Ledgers";

    private readonly Counter<long> _transfers;
    private readonly Counter<long> _lookups;
    private readonly Counter<long> _indexed;
    private readonly Counter<long> _lost;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _commit;
    private readonly ConcurrentDictionary<string, long> _lags = new(StringComparer.Ordinal);
    private readonly Histogram<int> _queue;
    private readonly Counter<double> _minted;
    private readonly Counter<double> _burned;
    private readonly TokenCatalog _tokens;

    public LedgerMetrics(IMeterFactory meters, TokenCatalog tokens)
    {
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = tokens;
        var meter = meters.Create(MeterName);
        _transfers = meter.CreateCounter<long>("depin.ledger.transfers", "{transfer}", "Transfers decided and durable, refusals included");
        _lookups = meter.CreateCounter<long>("depin.ledger.id_lookups", "{lookup}", "Transfer ids looked up by key");
        _indexed = meter.CreateCounter<long>("depin.ledger.indexed", "{transfer}", "Transfers whose rows were built behind the journal");
        _lost = meter.CreateCounter<long>("depin.ledger.lost", "{activation}", "Activations dropped after a failed, unknown or fenced append");
        _batchSize = meter.CreateHistogram<int>("depin.ledger.batch.size", "{transfer}", "Operations in one journal batch");
        _commit = meter.CreateHistogram<double>("depin.ledger.commit.duration", "s", "From sealing a batch to its durability");
        _queue = meter.CreateHistogram<int>("depin.ledger.queue", "{transfer}", "Operations that gathered while a batch was being made durable");
        _minted = meter.CreateCounter<double>("depin.ledger.minted", "{token}", "Whole tokens that came into being; sum over silos");
        _burned = meter.CreateCounter<double>("depin.ledger.burned", "{token}", "Whole tokens that ceased to be; sum over silos");
        meter.CreateObservableGauge("depin.ledger.index.lag", ObserveLags, "{transfer}", "Transfers whose rows are not built yet");
    }

    internal void Committed(string token, int operations, double seconds, int waiting)
    {
        var tag = new KeyValuePair<string, object?>("token", token);
        _transfers.Add(operations, tag);
        _batchSize.Record(operations, tag);
        _commit.Record(seconds, tag);
        _queue.Record(waiting, tag);
    }

    /// <summary>Minor units in a durable batch; ledgers that only follow another are not money of their own.</summary>
    internal void Issued(string token, Int128 minted, Int128 burned)
    {
        if (_tokens.IsDenom(token) && _tokens.Find(token) is { } known)
        {
            var (one, tag) = (Math.Pow(10, known.Decimals), new KeyValuePair<string, object?>("token", token));
            _minted.Add((double)minted / one, tag);
            _burned.Add((double)burned / one, tag);
        }
    }

    /// <summary>A ledger is there: what it tells is 0 rather than absent until it happens.</summary>
    internal void Here(string token)
    {
        Issued(token, 0, 0);
        foreach (var reason in (string[])["fenced", "unknown", "failed", "bug"])
        {
            _lost.Add(0, new KeyValuePair<string, object?>("token", token), new KeyValuePair<string, object?>("reason", reason));
        }
    }

    internal void Indexed(string token, int transfers)
    {
        var tag = new KeyValuePair<string, object?>("token", token);
        _indexed.Add(transfers, tag);
    }

    internal void Lag(string token, long transfers) => _lags[token] = transfers;

    internal void Gone(string token) => _lags.TryRemove(token, out _);

    internal void LookedUp(string token, int ids) => _lookups.Add(ids, new KeyValuePair<string, object?>("token", token));

    internal void Lost(string token, string reason) => _lost.Add(1, new KeyValuePair<string, object?>("token", token), new KeyValuePair<string, object?>("reason", reason));

    private IEnumerable<Measurement<long>> ObserveLags()
    {
        foreach (var (token, lag) in _lags)
        {
            yield return new Measurement<long>(lag, new KeyValuePair<string, object?>("token", token));
        }
    }
}
