using System.Collections.Immutable;
using DepinGrains.Contracts.Network;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Grains.Network.Hosts;

/// <summary>Remembers the last report of each process; those that fell silent for as long as it takes an operator to look.</summary>
[GrainType("depin.hosts")]
public sealed class HostsGrain([FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time) : Grain, IHostsGrain
{
    /// <summary>Far more processes than one network has.</summary>
    private const int HostsMax = 1_000;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);
    private readonly SortedDictionary<(HostRole Role, string Address), HostHeard> _hosts = new(Comparer<(HostRole Role, string Address)>.Create(
        static (a, b) => a.Role != b.Role ? a.Role.CompareTo(b.Role) : string.CompareOrdinal(a.Address, b.Address)));

    /// <inheritdoc/>
    public Task ReportAsync(HostReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var now = Forget();
        if (_hosts.Count < HostsMax || _hosts.ContainsKey((report.Role, report.Address)))
        {
            _hosts[(report.Role, report.Address)] = new HostHeard(report, now);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<HostHeard>> ListAsync()
    {
        Forget();
        return Task.FromResult(_hosts.Values.ToImmutableArray());
    }

    private DateTimeOffset Forget()
    {
        var now = time.GetUtcNow();
        foreach (var gone in _hosts.Where(h => now - h.Value.HeardAt > Kept).Select(static h => h.Key).ToArray())
        {
            _hosts.Remove(gone);
        }

        return now;
    }
}
