using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.State;

namespace DepinGrains.Grains.Nodes;

/// <summary>Document of a <c>node_secret</c> row, before it is sealed.</summary>
internal sealed record WorkloadSecrets : RowDocument
{
    /// <summary>One entry per workload that has any.</summary>
    public ImmutableArray<WorkloadSecret> Workloads { get; init; } = [];
}

/// <summary>Env and credentials of one workload.</summary>
internal sealed record WorkloadSecret(string Workload, ImmutableArray<string> Env, ImageCredentials? Credentials)
{
    /// <summary>Never prints them.</summary>
    public override string ToString() => $"WorkloadSecret({Workload})";
}
