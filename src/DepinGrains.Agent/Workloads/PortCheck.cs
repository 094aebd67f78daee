using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads;

/// <summary>Looks, before a workload starts, whether other programs of this machine have its ports: else it would end over and over and nobody would know why.</summary>
internal static class PortCheck
{
    /// <summary>The first port of the workload that is taken, in words; null: all are free.</summary>
    public static string? Taken(WorkloadSpec spec)
    {
        foreach (var port in spec.Ports)
        {
            var udp = string.Equals(port.Protocol, "udp", StringComparison.OrdinalIgnoreCase);
            using var socket = new Socket(AddressFamily.InterNetwork, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Any, port.HostPort));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                return string.Create(CultureInfo.InvariantCulture, $"port {port.HostPort}/{(udp ? "udp" : "tcp")} of this machine is taken by another program");
            }
            catch (SocketException)
            {
                // Not allowed to, or no such address: the executor knows better.
            }
        }

        return null;
    }
}
