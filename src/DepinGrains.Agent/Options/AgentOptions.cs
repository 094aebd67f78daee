namespace DepinGrains.Agent.Options;

/// <summary>Everything an agent can be told. Durations are positive; sizes are bytes. Checked by <see cref="AgentOptionsValidator"/> before anything runs.</summary>
public sealed class AgentOptions
{
    /// <summary>Folder of keys, state, logs and volumes; made when absent. One agent per folder.</summary>
    public string WorkDirectory { get; set; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".depin", "agent");

    /// <summary>Base addresses of gateways (<c>http(s)://</c> or <c>ws(s)://</c>); any one will do, the next is tried when one fails.</summary>
    public IList<string> Gateways { get; } = [];

    /// <summary>Asked before every connection when <see cref="Gateways"/> is empty; for hosts whose port is known only after start.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<Uri>>>? GatewaySource { get; set; }

    /// <summary>One-time token of the first start; not needed once the work folder holds a node id. A secret.</summary>
    public string? JoinToken { get; set; }

    /// <summary>File with the token, read at the first start (keeps it off the command line).</summary>
    public string? JoinTokenFile { get; set; }

    /// <summary>Asked for a token when this node has not joined yet and neither option above is set.</summary>
    public Func<CancellationToken, ValueTask<string>>? JoinTokenSource { get; set; }

    /// <summary>True: workloads end with the agent (standalone). False: they go on and the next start finds them again.</summary>
    public bool StopWorkloadsOnExit { get; set; }

    /// <summary>What is offered of the machine.</summary>
    public ResourceOptions Resources { get; } = new();

    /// <summary>Containers.</summary>
    public ContainerOptions Containers { get; } = new();

    /// <summary>Native processes; off unless the owner says so.</summary>
    public NativeOptions Native { get; } = new();

    /// <summary>The WebSocket.</summary>
    public ConnectionOptions Connection { get; } = new();

    /// <summary>Start, stop and restart of workloads.</summary>
    public WorkloadOptions Workloads { get; } = new();

    /// <summary>Tunnels to workloads and to ports of the owner.</summary>
    public TunnelOptions Tunnels { get; } = new();

    /// <summary>Timed benchmarks.</summary>
    public BenchmarkOptions Benchmarks { get; } = new();

    /// <summary>Metrics and probes of the agent's own process.</summary>
    public AgentManagementOptions Management { get; } = new();

    /// <summary>Captured output.</summary>
    public LogOptions Logs { get; } = new();
}
