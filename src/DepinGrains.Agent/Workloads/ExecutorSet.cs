using System.Collections.Immutable;

namespace DepinGrains.Agent.Workloads;

/// <summary>The executors that work on this machine.</summary>
internal sealed class ExecutorSet(ImmutableArray<IWorkloadExecutor> all)
{
    public ImmutableArray<IWorkloadExecutor> All { get; } = all;

    /// <summary>Names, for the inventory.</summary>
    public ImmutableArray<string> Names => [.. All.Select(e => e.Name)];

    public IWorkloadExecutor? For(string image) => All.FirstOrDefault(e => e.Handles(image));

    /// <summary>Why no executor takes the image; null: one does.</summary>
    public string? Fault(string image) => For(image) is not null
        ? null
        : image.StartsWith(Native.NativePrograms.ImagePrefix, StringComparison.Ordinal)
            ? "this node's owner has not switched native processes on"
            : "this node runs no containers: neither docker nor podman answers";
}
