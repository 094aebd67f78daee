namespace DepinGrains.Agent.Options;

/// <summary>What gateways may reach through this agent. Ports of workloads are their tenants' to announce; ports of the machine itself only where its owner names them.</summary>
public sealed class TunnelOptions
{
    /// <summary>False: nothing is reached.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Ports at 127.0.0.1 that the owner lets gateways reach, e.g. that of his miner.</summary>
    public IList<int> Ports { get; } = [];

    /// <summary>Most tunnels at once.</summary>
    public int TunnelsMax { get; set; } = 64;

    /// <summary>Most tunnels of one workload, or of the owner's ports together.</summary>
    public int TunnelsPerWorkloadMax { get; set; } = 32;

    /// <summary>Time to connect to a port.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A tunnel through which nothing went for this long is ended.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Most bytes of one tunnel, both ways together.</summary>
    public long BytesMax { get; set; } = 4L << 30;
}
