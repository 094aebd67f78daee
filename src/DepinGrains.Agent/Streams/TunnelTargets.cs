using System.Net;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Streams;

/// <summary>Which address a tunnel leads to, if any: the agent decides it from what it runs, whatever a gateway asks.</summary>
internal sealed class TunnelTargets(AgentOptions options, StateStore store)
{
    public Result<IPEndPoint> Find(GatewayTunnelOpen open)
    {
        if (!options.Tunnels.Enabled)
        {
            return Refusal.Of("tunnel.not_allowed", "the node's owner switched tunnels off");
        }

        if (open.WorkloadId is null)
        {
            return options.Tunnels.Ports.Contains(open.Port)
                ? new IPEndPoint(IPAddress.Loopback, open.Port)
                : Refusal.Of("tunnel.port_not_allowed", $"the node's owner did not switch port {open.Port} on", ("port", open.Port));
        }

        var record = store.Workloads.FirstOrDefault(w => w.Id == open.WorkloadId);
        if (record is not { Spec: { } spec, Phase: WorkloadPhase.Running })
        {
            return Refusal.Of("tunnel.workload_not_running", "this node does not run that workload now");
        }

        var port = spec.Ports.FirstOrDefault(p => p.ContainerPort == open.Port && p.Protocol.Equals("tcp", StringComparison.OrdinalIgnoreCase));
        return port.HostPort > 0
            ? new IPEndPoint(WorkloadAddresses.Of(spec, port, options), port.HostPort)
            : Refusal.Of("tunnel.port_not_found", $"the workload exposes no TCP port {open.Port}", ("port", open.Port));
    }
}
