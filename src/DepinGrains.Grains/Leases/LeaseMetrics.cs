using System.Diagnostics.Metrics;
using DepinGrains.Contracts.Leases;

namespace DepinGrains.Grains.Leases;

/// <summary>What became of leases, counted where it was committed: sum over silos.</summary>
public sealed class LeaseMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "DepinGrains.Leases";

    private static readonly int[] Reasons =
    [
        LeaseCloseReasons.Owner, LeaseCloseReasons.Unstable, LeaseCloseReasons.Decommission, LeaseCloseReasons.Unspecified, LeaseCloseReasons.ManifestTimeout, LeaseCloseReasons.InsufficientFunds,
    ];

    private readonly Counter<long> _events;
    private readonly Counter<long> _closed;

    public LeaseMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        _events = meter.CreateCounter<long>("depin.market.leases", "{lease}", "Events of leases");
        _closed = meter.CreateCounter<long>("depin.market.leases.closed", "{lease}", "Leases closed, by reason");
        foreach (var known in (string[])["opened", "deployed", "suspended", "resumed", "reclaiming", "closed"])
        {
            _events.Add(0, new KeyValuePair<string, object?>("event", known));
        }

        foreach (var reason in Reasons)
        {
            _closed.Add(0, Reason(reason));
        }
    }

    /// <summary><paramref name="type"/>: the event's, e.g. <c>lease.opened</c>. Reports of workloads are no event of a lease.</summary>
    internal void Committed(string type, int closeReason)
    {
        if (type == "lease.status")
        {
            return;
        }

        _events.Add(1, new KeyValuePair<string, object?>("event", type[(type.IndexOf('.', StringComparison.Ordinal) + 1)..]));
        if (type == "lease.closed")
        {
            _closed.Add(1, Reason(closeReason));
        }
    }

    /// <summary>Numbers without a name are summed up by who may give them: a provider must not make a series of each of its 10,000.</summary>
    private static KeyValuePair<string, object?> Reason(int reason) =>
        new("reason", Reasons.Contains(reason) ? LeaseCloseReasons.NameOf(reason) : LeaseCloseReasons.PartyOf(reason)?.ToString().ToLowerInvariant() ?? "invalid");
}
