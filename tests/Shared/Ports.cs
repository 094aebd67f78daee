using System.Net;
using System.Net.Sockets;

namespace DepinGrains.Testing;

/// <summary>
/// Ports for programs that are told where to listen and do so seconds later. They are never of the range the kernel hands out to outgoing connections and to port 0 (Linux: 32768 to 60999), where anybody may take
/// one in between, and no two processes of tests get the same: each claims blocks, by listening on a block's last port as long as it lives. Link with
/// <c>&lt;Compile Include="../Shared/Ports.cs" Link="Shared/Ports.cs" /&gt;</c>.
/// </summary>
internal static class Ports
{
    private const int BlockSize = 25;

    private static readonly Lock Gate = new();

    /// <summary>What holds the claims; never closed.</summary>
    private static readonly List<TcpListener> Claims = [];

    private static int s_next;
    private static int s_left;

    /// <summary>A port of 10,000 to 18,999 nobody listens on now, on any address; the same is never given twice.</summary>
    public static int Free()
    {
        lock (Gate)
        {
            while (true)
            {
                if (s_left == 0)
                {
                    (s_next, s_left) = (Block(10_000, 19_000, BlockSize), BlockSize - 1);
                }

                var port = s_next++;
                s_left--;
                if (Listen(IPAddress.Any, port) is { } probe)
                {
                    probe.Dispose();
                    return port;
                }
            }
        }
    }

    /// <summary>The first port of a block of <paramref name="size"/> ports in which nobody listens, claimed for the life of this process; the block's last port is what claims it.</summary>
    public static int Block(int from, int to, int size)
    {
        var blocks = (to - from) / size;
        var start = Random.Shared.Next(blocks);
        lock (Gate)
        {
            for (var i = 0; i < blocks; i++)
            {
                var first = from + ((start + i) % blocks * size);
                if (Listen(IPAddress.Any, first + size - 1) is not { } claim)
                {
                    continue;
                }

                if (Enumerable.Range(first, size - 1).All(static port => IsFree(port)))
                {
                    Claims.Add(claim);
                    return first;
                }

                claim.Dispose();
            }
        }

        throw new InvalidOperationException($"no {size} ports from {from} to {to} are free together");
    }

    private static bool IsFree(int port)
    {
        using var probe = Listen(IPAddress.Any, port);
        return probe is not null;
    }

    private static TcpListener? Listen(IPAddress address, int port)
    {
        var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}
