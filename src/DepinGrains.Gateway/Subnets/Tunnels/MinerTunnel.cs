using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Subnets;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>A miner that is reached through its node's agent.</summary>
/// <param name="Node">The node.</param>
/// <param name="Workload">The workload there; null: a port of the node's owner.</param>
/// <param name="Port">The workload's own port, or the owner's at loopback.</param>
public sealed record MinerTunnel(int Netuid, int Uid, string Node, string? Workload, int Port)
{
    /// <summary>Stands for the target in URLs, so that no two targets share a pooled connection whatever names were announced; never resolved.</summary>
    public string Host { get; } =
        Base32.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Netuid}\n{Uid}\n{Node}\n{Workload}\n{Port}"))).AsSpan(0, 20)) + ".tunnel";

    /// <summary>Where an axon is reached; null: straight.</summary>
    public static MinerTunnel? Of(int netuid, int uid, AxonInfo axon)
    {
        ArgumentNullException.ThrowIfNull(axon);
        return axon.Node is { } node ? new MinerTunnel(netuid, uid, node, axon.Workload, new Uri(axon.Endpoint).Port) : null;
    }
}
