using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>A node as packing sees it. CPU, memory, a storage class or room for workloads of −1 is unlimited.</summary>
/// <param name="Overcommit">How much more the provider sells, as in the node's own book.</param>
/// <param name="Executors">What runs workloads there.</param>
public sealed record PackingNode(string Id, FreeCapacity Free, Overcommit Overcommit = default, ImmutableArray<string> Executors = default);

/// <summary>A provider's pool of addresses to lease; reserved ones count as taken.</summary>
public readonly record struct IpPool(int Total, int InUse, int Reserved)
{
    /// <summary>What may still be promised.</summary>
    public int Available => Math.Max(0, Total - InUse - Reserved);
}

/// <summary>Where an order may go: one provider's nodes in scan order.</summary>
/// <param name="Pools">
/// Persistent storage shared by all nodes, by class (−1 = unlimited): a node must then list the class, and the room is the pool's. Empty: persistent storage is each node's own.
/// </param>
/// <param name="Ips">Null: the provider leases no addresses.</param>
public sealed record PackingCluster(ImmutableArray<PackingNode> Nodes, ImmutableArray<StorageClassCapacity> Pools, IpPool? Ips);

/// <summary>What one node gets of the order; slots are named <c>{unit}/{replica}</c>.</summary>
public sealed record NodePlacement(string Node, NodeDemand Demand);

/// <summary>Why one node could not take (more of) a unit.</summary>
public sealed record NodeRejection(string Node, int Unit, Refusal Why);

/// <summary>The outcome of packing: all placements, or the refusal with every node's reason.</summary>
public sealed record PackingOutcome(ImmutableArray<NodePlacement> Placements, Refusal? Refusal, ImmutableArray<NodeRejection> Rejections)
{
    /// <summary>True when every replica has a place.</summary>
    public bool Fits => Refusal is null;
}
