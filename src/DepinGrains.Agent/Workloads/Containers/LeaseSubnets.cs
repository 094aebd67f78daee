using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>Addresses for networks of leases where the engine has none of its own left: docker gives out some thirty networks, and a node has more leases than that.</summary>
internal static class LeaseSubnets
{
    /// <summary>61 containers and the gateway: more than a group has replicas.</summary>
    public const int PrefixLength = 26;

    /// <summary>How many are tried before a lease has to wait: each costs a call of the engine.</summary>
    private const int TriesMax = 64;

    /// <summary>True for what engines say when they have no addresses for one more network.</summary>
    public static bool IsExhausted(string error) => error.Contains("address pool", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when a subnet is somebody's already: docker's words, podman's.</summary>
    public static bool IsTaken(string error) => error.Contains("overlap", StringComparison.OrdinalIgnoreCase) || error.Contains("already", StringComparison.OrdinalIgnoreCase);

    /// <summary>Subnets of the pool in the order a lease tries them: from a place of its own on, so that leases seldom want the same.</summary>
    public static IEnumerable<IPNetwork> For(string lease, IPNetwork pool)
    {
        var count = 1u << (PrefixLength - pool.PrefixLength);
        var first = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(lease)));
        var start = BinaryPrimitives.ReadUInt32BigEndian(pool.BaseAddress.GetAddressBytes());
        for (var i = 0u; i < Math.Min(count, TriesMax); i++)
        {
            var address = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(address, start + ((unchecked(first + i) & (count - 1)) << (32 - PrefixLength)));
            yield return new IPNetwork(new IPAddress(address), PrefixLength);
        }
    }
}
