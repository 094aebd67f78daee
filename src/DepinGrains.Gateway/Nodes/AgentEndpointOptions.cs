using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Limits of the agents' connections to this process.</summary>
public sealed class AgentEndpointOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "AgentEndpoint";

    /// <summary>Most connections at once; more are told to try another gateway.</summary>
    [Range(1, 1_000_000)]
    public int ConnectionsMax { get; set; } = 50_000;

    /// <summary>Time for the agent's first message, and for each step of opening and closing.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for an agent to answer a close.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for one message to leave; a peer that reads slower is cut off.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Silence after which a connection is closed, on top of four heartbeat intervals.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Messages per second of one connection, sustained.</summary>
    [Range(1, 1_000_000)]
    public int MessagesPerSecond { get; set; } = 200;

    /// <summary>Messages of one connection that may come at once.</summary>
    [Range(1, 1_000_000)]
    public int MessageBurst { get; set; } = 1_000;

    /// <summary>Pulls and reports of one connection that wait to be worked on; beyond it the connection is read no further.</summary>
    [Range(1, 10_000)]
    public int WorkQueueMax { get; set; } = 32;

    /// <summary>Messages to one agent that wait to leave; beyond it the connection is closed.</summary>
    [Range(8, 100_000)]
    public int SendQueueMax { get; set; } = 1_024;

    /// <summary>Log and shell streams of one connection at once.</summary>
    [Range(1, 10_000)]
    public int StreamsMax { get; set; } = 64;

    /// <summary>Log and shell streams of one workload at once.</summary>
    [Range(1, 10_000)]
    public int StreamsPerWorkloadMax { get; set; } = 16;

    /// <summary>Tunnels of one connection at once.</summary>
    [Range(1, 64)]
    public int TunnelsMax { get; set; } = 64;

    /// <summary>Tunnels to one workload, or to the ports of the node's owner together.</summary>
    [Range(1, 64)]
    public int TunnelsPerWorkloadMax { get; set; } = 32;

    /// <summary>Time for an agent to open a tunnel.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan TunnelOpenTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>A tunnel through which nothing went for this long is ended.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan TunnelIdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Most bytes of one tunnel, both ways together.</summary>
    [Range(1_024, 1L << 50)]
    public long TunnelBytesMax { get; set; } = 4L << 30;

    /// <summary>Most beats of one call to a liveness shard.</summary>
    [Range(1, 100_000)]
    public int BeatsPerCallMax { get; set; } = 8_192;

    /// <summary>Time for a shard to answer a batch of beats; afterwards the next batch goes out and the beats of this one count as lost.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan BeatTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
