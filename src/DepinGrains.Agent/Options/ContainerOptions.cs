namespace DepinGrains.Agent.Options;

/// <summary>How containers are run.</summary>
public sealed class ContainerOptions
{
    /// <summary>False: never.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Program to use; empty: docker, then podman, whichever answers.</summary>
    public string Program { get; set; } = "";

    /// <summary>Host address that ports are published on.</summary>
    public string PublishAddress { get; set; } = "0.0.0.0";

    /// <summary>A network per lease, in which services find each other by name and other tenants do not. False: the engine's default network, shared by all. When it cannot be made the workload does not start.</summary>
    public bool NetworkPerLease { get; set; } = true;

    /// <summary>IPv4 addresses, at least a /26, from which networks of leases are cut where the engine has none left: docker gives out some thirty networks by itself. Must be free on this machine.</summary>
    public string NetworkPool { get; set; } = "10.201.0.0/16";

    /// <summary>Longest pull.</summary>
    public TimeSpan PullTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Longest other command.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Most processes in one container.</summary>
    public int PidsLimit { get; set; } = 2_048;
}
