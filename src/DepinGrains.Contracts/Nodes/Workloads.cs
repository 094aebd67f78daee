using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace DepinGrains.Contracts.Nodes;

/// <summary>A port of a workload. <paramref name="HostPort"/> was booked on the node; the agent makes <paramref name="ContainerPort"/> answer there.</summary>
/// <param name="Local">Offered to other services of the order only: it answers on the node's loopback address, not to the world.</param>
[GenerateSerializer, Immutable, Alias("depin.workload.port.v1")]
public readonly record struct PortBinding(
    [property: Id(0)] int ContainerPort, [property: Id(1)] int HostPort, [property: Id(2)] string Protocol,
    [property: Id(3), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Local = false);

/// <summary>A mounted volume. <paramref name="Class"/>: <c>ephemeral</c>, <c>ram</c>, <c>beta1…3</c>; persistent volumes outlive a restart of the workload, not the lease.</summary>
[GenerateSerializer, Immutable, Alias("depin.workload.volume.v1")]
public sealed record VolumeMount(
    [property: Id(0)] string Name,
    [property: Id(1)] string Class,
    [property: Id(2)] bool Persistent,
    [property: Id(3)] long Bytes,
    [property: Id(4)] string MountPath,
    [property: Id(5)] bool ReadOnly);

/// <summary>Registry credentials of an image. A secret: only ever on the way to the node that needs it.</summary>
[GenerateSerializer, Immutable, Alias("depin.workload.credentials.v1")]
public sealed record ImageCredentials([property: Id(0)] string Host, [property: Id(1)] string Username, [property: Id(2)] string Password)
{
    /// <inheritdoc/>
    public override string ToString() => $"ImageCredentials({Host})";
}

/// <summary>What runs workloads on a node (<see cref="HardwareInventory.Executors"/>), and which image wants which.</summary>
public static class Executors
{
    /// <summary>Runs container images.</summary>
    public const string Container = "container";

    /// <summary>Runs programs of the node itself.</summary>
    public const string Native = "native";

    /// <summary>What begins the image of a native program.</summary>
    public const string NativePrefix = "native:";

    /// <summary>Which executor an image needs.</summary>
    public static string Of(string image) => image.StartsWith(NativePrefix, StringComparison.Ordinal) ? Native : Container;
}

/// <summary>One replica of one service that a node must keep running.</summary>
/// <param name="Id">Stable: <c>{lease}/{service}/{replica}</c>.</param>
/// <param name="Image">Container image, or <c>native:PROGRAM</c> for a native process.</param>
/// <param name="Env"><c>NAME=VALUE</c> each. Secrets.</param>
/// <param name="StorageBytes">Room for the workload's own files outside its volumes (SDL class <c>ephemeral</c>), bytes; 0: no limit asked.</param>
[GenerateSerializer, Immutable, Alias("depin.workload.spec.v1")]
public sealed record WorkloadSpec(
    [property: Id(0)] string Id,
    [property: Id(1)] string LeaseId,
    [property: Id(2)] string Service,
    [property: Id(3)] int Replica,
    [property: Id(4)] string Image,
    [property: Id(5)] ImmutableArray<string> Command,
    [property: Id(6)] ImmutableArray<string> Args,
    [property: Id(7)] ImmutableArray<string> Env,
    [property: Id(8)] long CpuMilli,
    [property: Id(9)] long MemoryBytes,
    [property: Id(10)] ImmutableArray<string> GpuUuids,
    [property: Id(11)] ImmutableArray<PortBinding> Ports,
    [property: Id(12)] ImmutableArray<VolumeMount> Volumes,
    [property: Id(13)] ImageCredentials? Credentials,
    [property: Id(14)] long StorageBytes = 0)
{
    /// <summary>Never prints env or credentials.</summary>
    public override string ToString() => $"WorkloadSpec({Id}, {Image})";
}

/// <summary>Everything a node must run. A workload not in it must not run.</summary>
/// <param name="Held">
/// Leases whose bookings stand, those that run nothing now (suspended until their escrow is filled) among them: what they left on the node is kept. Default: the sender does not know.
/// </param>
/// <param name="Benchmark">A benchmark that waits for its agent to begin, or runs; null: none.</param>
[GenerateSerializer, Immutable, Alias("depin.workload.desired.v1")]
public sealed record DesiredState(
    [property: Id(0)] long Generation, [property: Id(1)] ImmutableArray<WorkloadSpec> Workloads, [property: Id(2)] ImmutableArray<string> Held, [property: Id(3)] BenchmarkOffer? Benchmark = null);

/// <summary>Where a workload stands.</summary>
[GenerateSerializer]
public enum WorkloadPhase
{
    Pending = 0,
    Pulling = 1,
    Running = 2,

    /// <summary>Ended and waiting to be started again.</summary>
    BackOff = 3,
    Failed = 4,
    Stopped = 5,
}

/// <summary>An agent's report on one workload; <paramref name="Sequence"/> grows by one per report of this workload, so that a report sent twice counts once.</summary>
[GenerateSerializer, Immutable, Alias("depin.workload.status.v1")]
public sealed record WorkloadStatus(
    [property: Id(0)] string WorkloadId,
    [property: Id(1)] long Sequence,
    [property: Id(2)] WorkloadPhase Phase,
    [property: Id(3)] string Detail,
    [property: Id(4)] int Restarts,
    [property: Id(5)] DateTimeOffset At,
    [property: Id(6)] long CpuMillisUsed,
    [property: Id(7)] long MemoryBytes);

/// <summary>A line a workload wrote.</summary>
[GenerateSerializer, Immutable, Alias("depin.workload.log_line.v1")]
public sealed record LogLine([property: Id(0)] string WorkloadId, [property: Id(1)] long Offset, [property: Id(2)] DateTimeOffset At, [property: Id(3)] string Stream, [property: Id(4)] string Text);
