using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Network;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Grains.Nodes.Routes;

/// <summary>Remembers who holds which connection for as long as it is announced.</summary>
[GrainType("depin.agent_route")]
public sealed class AgentRouteGrain([FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time) : Grain, IAgentRouteGrain
{
    /// <summary>Four announcements missed: the gateway is gone, or lost the connection.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Entry> _routes = new(StringComparer.Ordinal);
    private long _swept;

    /// <inheritdoc/>
    public Task AnnounceAsync(string gateway, ImmutableArray<AgentRoute> routes)
    {
        var now = time.GetTimestamp();
        Sweep(now);
        foreach (var route in routes)
        {
            if (!_routes.TryGetValue(route.Node, out var known) || route.Session >= known.Session)
            {
                _routes[route.Node] = new Entry(gateway, route.Session, now);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<string?> FindAsync(string node) =>
        Task.FromResult(_routes.TryGetValue(node, out var route) && time.GetElapsedTime(route.At) < Lifetime ? route.Gateway : null);

    /// <summary>Nodes that are gone for good must not stay in memory.</summary>
    private void Sweep(long now)
    {
        if (time.GetElapsedTime(_swept, now) < Lifetime)
        {
            return;
        }

        _swept = now;
        foreach (var node in _routes.Where(r => time.GetElapsedTime(r.Value.At, now) >= Lifetime).Select(static r => r.Key).ToArray())
        {
            _routes.Remove(node);
        }
    }

    private readonly record struct Entry(string Gateway, long Session, long At);
}
