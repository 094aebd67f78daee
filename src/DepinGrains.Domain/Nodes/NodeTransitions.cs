using System.Collections.Frozen;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>What can happen to a node.</summary>
public enum NodeTrigger
{
    /// <summary>An agent opened a connection with the node's key.</summary>
    Connected = 0,

    /// <summary>A heartbeat arrived in time.</summary>
    Beat = 1,

    /// <summary>A heartbeat is overdue.</summary>
    Overdue = 2,

    /// <summary>Silent for the whole time-out.</summary>
    TimedOut = 3,

    /// <summary>The owner takes it off the market; running leases stay.</summary>
    Drain = 4,

    /// <summary>The owner offers it again.</summary>
    Undrain = 5,

    /// <summary>Out for good: by its owner, or by the deregistration sweep.</summary>
    Retire = 6,
}

/// <summary>Where a node stands. Draining is a wish of the owner and survives a lost connection.</summary>
/// <param name="Liveness">Joining, Online, Suspect, Offline or Retired.</param>
public readonly record struct NodeStanding(NodeStatus Liveness, bool Draining)
{
    /// <summary>What a node starts as.</summary>
    public static readonly NodeStanding New = new(NodeStatus.Joining, false);

    /// <summary>The one word shown: draining hides online and suspect, never offline or retired.</summary>
    public NodeStatus Status => Draining && Liveness is (NodeStatus.Online or NodeStatus.Suspect) ? NodeStatus.Draining : Liveness;

    /// <summary>True when the node may be given new work.</summary>
    public bool TakesWork => Liveness == NodeStatus.Online && !Draining;
}

/// <summary>The table of node states.</summary>
public static class NodeTransitions
{
    private static readonly FrozenDictionary<(NodeStatus From, NodeTrigger On), NodeStatus> Table = new Dictionary<(NodeStatus, NodeTrigger), NodeStatus>
    {
        [(NodeStatus.Joining, NodeTrigger.Connected)] = NodeStatus.Online,
        [(NodeStatus.Joining, NodeTrigger.TimedOut)] = NodeStatus.Offline,
        [(NodeStatus.Joining, NodeTrigger.Retire)] = NodeStatus.Retired,
        [(NodeStatus.Online, NodeTrigger.Connected)] = NodeStatus.Online,
        [(NodeStatus.Online, NodeTrigger.Beat)] = NodeStatus.Online,
        [(NodeStatus.Online, NodeTrigger.Overdue)] = NodeStatus.Suspect,
        [(NodeStatus.Online, NodeTrigger.TimedOut)] = NodeStatus.Offline,
        [(NodeStatus.Online, NodeTrigger.Retire)] = NodeStatus.Retired,
        [(NodeStatus.Suspect, NodeTrigger.Connected)] = NodeStatus.Online,
        [(NodeStatus.Suspect, NodeTrigger.Beat)] = NodeStatus.Online,
        [(NodeStatus.Suspect, NodeTrigger.Overdue)] = NodeStatus.Suspect,
        [(NodeStatus.Suspect, NodeTrigger.TimedOut)] = NodeStatus.Offline,
        [(NodeStatus.Suspect, NodeTrigger.Retire)] = NodeStatus.Retired,
        // Only a new connection brings an offline node back: a beat of the old session is stale.
        [(NodeStatus.Offline, NodeTrigger.Connected)] = NodeStatus.Online,
        [(NodeStatus.Offline, NodeTrigger.TimedOut)] = NodeStatus.Offline,
        [(NodeStatus.Offline, NodeTrigger.Retire)] = NodeStatus.Retired,
        [(NodeStatus.Retired, NodeTrigger.Retire)] = NodeStatus.Retired,
    }.ToFrozenDictionary();

    /// <summary>The standing after <paramref name="trigger"/>, or <c>node.retired</c> / <c>node.transition_refused</c>.</summary>
    public static Result<NodeStanding> Apply(NodeStanding standing, NodeTrigger trigger)
    {
        if (trigger is NodeTrigger.Drain or NodeTrigger.Undrain && standing.Liveness != NodeStatus.Retired)
        {
            return standing with { Draining = trigger == NodeTrigger.Drain };
        }

        if (Table.TryGetValue((standing.Liveness, trigger), out var to))
        {
            return standing with { Liveness = to };
        }

        return standing.Liveness == NodeStatus.Retired
            ? Refusal.Of("node.retired", "the node was retired for good")
            : Refusal.Of("node.transition_refused", $"{trigger} does not apply to a node that is {standing.Liveness}", ("from", standing.Liveness), ("trigger", trigger));
    }
}
