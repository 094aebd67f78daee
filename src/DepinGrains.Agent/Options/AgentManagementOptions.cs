namespace DepinGrains.Agent.Options;

/// <summary>The port for scrapers and probes of an agent that is a process of its own: <c>/metrics</c> and <c>/health/…</c>, nothing else. An agent inside another host has that host's.</summary>
public sealed class AgentManagementOptions
{
    /// <summary>IP address listened on; never to be reached from outside.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>TCP port; 0 = none.</summary>
    public int Port { get; set; }
}
