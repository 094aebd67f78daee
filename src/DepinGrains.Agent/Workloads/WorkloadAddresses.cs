using System.Collections.Immutable;
using System.Net;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.Workloads.Native;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads;

/// <summary>Where workloads answer on this machine, for those who run beside them. Containers of a lease have a network with names; native processes have the host's and need ports.</summary>
internal static class WorkloadAddresses
{
    /// <summary>Where a workload's host port answers: the address it is bound to, this machine's own where that is any.</summary>
    public static IPAddress Of(WorkloadSpec spec, PortBinding port, AgentOptions options)
    {
        var native = spec.Image.StartsWith(NativePrograms.ImagePrefix, StringComparison.Ordinal);
        var bound = IPAddress.Parse(native ? NativeEnvironment.Bind(spec, options.Native) : port.Local ? "127.0.0.1" : options.Containers.PublishAddress);
        return bound.Equals(IPAddress.Any) ? IPAddress.Loopback : bound.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : bound;
    }

    /// <summary>
    /// <c>DEPIN_AT_{SERVICE}_{container port}</c> of each service of the lease on this node: <c>host:port</c> of every replica, with commas. Ports are booked with the lease and stay,
    /// so it does not matter who starts first.
    /// </summary>
    public static ImmutableArray<string> Variables(string lease, IEnumerable<WorkloadSpec> workloads, AgentOptions options) =>
    [
        .. workloads.Where(w => w.LeaseId == lease)
            .OrderBy(static w => w.Replica)
            .SelectMany(w => w.Ports.Select(p => (Name: FormattableString.Invariant($"DEPIN_AT_{NativeEnvironment.NameOf(w.Service)}_{p.ContainerPort}"), At: new IPEndPoint(Of(w, p, options), p.HostPort))))
            .GroupBy(static w => w.Name, static w => w.At.ToString(), StringComparer.Ordinal)
            .Select(static service => $"{service.Key}={string.Join(',', service)}"),
    ];
}
