using System.Collections.Immutable;

namespace DepinGrains.Contracts.Network;

/// <summary>
/// What the network's processes say of themselves; key 0. In memory alone: each says it again every few seconds, so an activation that was lost knows everything again soon. For people who operate it: nothing decides by it.
/// </summary>
[Alias("depin.hosts.grain")]
public interface IHostsGrain : IGrainWithIntegerKey
{
    /// <summary>A process says how it is; it takes the place of what its address said before.</summary>
    [Alias("report")]
    Task ReportAsync(HostReport report);

    /// <summary>The last word of each process that spoke lately, by role and address.</summary>
    [Alias("list")]
    Task<ImmutableArray<HostHeard>> ListAsync();
}

/// <summary>What a process does in the network.</summary>
[GenerateSerializer, Alias("depin.host_role.v1")]
public enum HostRole
{
    /// <summary>Hosts grains.</summary>
    Silo,

    /// <summary>Serves the API and holds the connections of agents.</summary>
    Gateway,
}

/// <summary>One process in one of its roles.</summary>
/// <param name="Name">As its logs name it.</param>
/// <param name="Address">Where the others reach it: a silo's endpoint <c>10.1.2.3:11111</c>, a gateway's URL.</param>
/// <param name="Version">Its build; during an upgrade two of them serve side by side.</param>
/// <param name="StartedAt">When the process started.</param>
/// <param name="CpuPercent">Share of the machine's CPU it took since its last report, 0 to 100.</param>
/// <param name="MemoryBytes">Memory it has resident.</param>
/// <param name="Waiting">Change sets that wait in it to be committed.</param>
/// <param name="Agents">Agents connected to it.</param>
[GenerateSerializer, Immutable, Alias("depin.host_report.v1")]
public sealed record HostReport(
    [property: Id(0)] HostRole Role,
    [property: Id(1)] string Name,
    [property: Id(2)] string Address,
    [property: Id(3)] string Version,
    [property: Id(4)] DateTimeOffset StartedAt,
    [property: Id(5)] int CpuPercent,
    [property: Id(6)] long MemoryBytes,
    [property: Id(7)] int Waiting,
    [property: Id(8)] int Agents);

/// <summary>A report and when it came.</summary>
[GenerateSerializer, Immutable, Alias("depin.host_heard.v1")]
public sealed record HostHeard([property: Id(0)] HostReport Report, [property: Id(1)] DateTimeOffset HeardAt);
