using System.Collections.Immutable;

namespace DepinGrains.Contracts.Nodes;

/// <summary>
/// Which gateway holds the connection of which agent, for one share of the nodes; key = number of the share. In memory alone: gateways announce what they hold again and again, so an activation
/// that was lost knows everything again one announcement later. A hint, never an authority: the gateway it names checks for itself.
/// </summary>
[Alias("depin.agent_route.grain")]
public interface IAgentRouteGrain : IGrainWithIntegerKey
{
    /// <summary>A gateway, by the address where others reach it, holds these connections; an older session of a node does not replace a newer one.</summary>
    [Alias("announce")]
    Task AnnounceAsync(string gateway, ImmutableArray<AgentRoute> routes);

    /// <summary>The address of the gateway that holds a node's connection; null when none said so lately.</summary>
    [Alias("find")]
    Task<string?> FindAsync(string node);
}

/// <summary>One agent's connection.</summary>
[GenerateSerializer, Immutable, Alias("depin.node.route.v1")]
public readonly record struct AgentRoute([property: Id(0)] string Node, [property: Id(1)] long Session);
