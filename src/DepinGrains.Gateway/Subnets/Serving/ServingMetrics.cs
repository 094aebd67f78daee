using System.Diagnostics.Metrics;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>What inference tells operators; every instrument carries <c>netuid</c>. Single miners are in <c>GET /v1/subnets/{netuid}/serving</c>.</summary>
public sealed class ServingMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Serving";

    private readonly Counter<long> _requests;
    private readonly Counter<long> _tries;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _unsettled;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _inFlight;

    public ServingMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>("depin.serving.requests", "{request}", "Requests for inference, by outcome");
        _tries = meter.CreateCounter<long>("depin.serving.tries", "{try}", "Miners asked, by outcome");
        _tokens = meter.CreateCounter<long>("depin.serving.tokens", "{token}", "Counted tokens billed, by kind");
        _unsettled = meter.CreateCounter<long>("depin.serving.unsettled", "{request}", "Answers whose payment the ledger did not take in time; their holds lapse");
        _firstToken = meter.CreateHistogram<double>("depin.serving.first_token", "s", "From a try's start to its first token");
        _duration = meter.CreateHistogram<double>("depin.serving.duration", "s", "From a request's start to its last byte");
        _inFlight = meter.CreateUpDownCounter<long>("depin.serving.in_flight", "{request}", "Requests being answered");
    }

    /// <summary>Also makes the series that alerts look at: one of what never came is 0, not absent.</summary>
    internal void Began(int netuid)
    {
        _inFlight.Add(1, Netuid(netuid));
        _unsettled.Add(0, Netuid(netuid));
        _tries.Add(0, Netuid(netuid), new KeyValuePair<string, object?>("outcome", "answered"));
    }

    internal void Ended(int netuid, string outcome, TimeSpan took)
    {
        _inFlight.Add(-1, Netuid(netuid));
        _requests.Add(1, Netuid(netuid), new KeyValuePair<string, object?>("outcome", outcome));
        _duration.Record(took.TotalSeconds, Netuid(netuid));
    }

    internal void Tried(int netuid, string outcome) => _tries.Add(1, Netuid(netuid), new KeyValuePair<string, object?>("outcome", outcome));

    internal void FirstToken(int netuid, TimeSpan after) => _firstToken.Record(after.TotalSeconds, Netuid(netuid));

    internal void Billed(int netuid, InferenceUse use)
    {
        _tokens.Add(use.PromptTokens, Netuid(netuid), new KeyValuePair<string, object?>("kind", "prompt"));
        _tokens.Add(use.CompletionTokens, Netuid(netuid), new KeyValuePair<string, object?>("kind", "completion"));
    }

    internal void Unsettled(int netuid) => _unsettled.Add(1, Netuid(netuid));

    private static KeyValuePair<string, object?> Netuid(int netuid) => new("netuid", netuid);
}
