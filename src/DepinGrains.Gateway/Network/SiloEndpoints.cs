using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Network;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Network;

namespace DepinGrains.Gateway.Network;

/// <summary>The processes of the network, for those who operate it.</summary>
/// <param name="Runtime">The grain runtime, <c>Orleans</c> or <c>Local</c>.</param>
/// <param name="At">When this was looked up.</param>
/// <param name="Silos">Those that work first, newest first; dead ones of the last day after them.</param>
/// <param name="Grains">Activations by kind over all silos, the most frequent.</param>
/// <param name="Gateways">Those that said something lately.</param>
/// <param name="Activations">All of them.</param>
/// <param name="Agents">Agents connected to all gateways.</param>
public sealed record SilosView(
    string Runtime, DateTimeOffset At, ImmutableArray<SiloView> Silos, ImmutableArray<GrainCount> Grains, ImmutableArray<GatewayView> Gateways, long Activations, int Agents);

/// <summary>A silo: what the runtime tells of it, and what it said of itself. What is not known is null.</summary>
/// <param name="Activations">Grains in memory.</param>
/// <param name="Grains">By kind, the most frequent.</param>
/// <param name="Version">Its build.</param>
/// <param name="Waiting">Change sets that wait in it to be committed.</param>
/// <param name="HeardAt">When it last spoke of itself; it does every ten seconds.</param>
public sealed record SiloView(
    string Name,
    string Address,
    string Status,
    string? Version,
    DateTimeOffset? StartedAt,
    DateTimeOffset? HeardAt,
    long? Activations,
    ImmutableArray<GrainCount> Grains,
    int? CpuPercent,
    long? MemoryBytes,
    long? MemoryMaxBytes,
    bool? Overloaded,
    int? Waiting);

/// <summary>A gateway, by what it said of itself.</summary>
/// <param name="Address">Where the other gateways reach it.</param>
/// <param name="HeardAt">When it said so; it does every ten seconds.</param>
/// <param name="Agents">Agents connected to it.</param>
public sealed record GatewayView(string Name, string Address, string Version, DateTimeOffset StartedAt, DateTimeOffset HeardAt, int Agents, int CpuPercent, long MemoryBytes);

/// <summary><c>/v1/network/silos</c>: who hosts the grains, who serves the API, and how they are.</summary>
public static class SiloEndpoints
{
    private const int KindsDefault = 10;

    /// <summary>Maps the endpoints.</summary>
    public static void MapSiloEndpoints(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/network/silos", GetAsync).RequireScope("network:read").RequireIdentityRole(IdentityRoles.Operator).WithTags("Network").WithName("getSilos")
            .WithSummary("Silos, gateways, activations by kind (operators)").Produces<SilosView>();

    /// <summary>The view.</summary>
    /// <param name="top">How many kinds of grains to name.</param>
    public static async Task<IResult> GetAsync(ISilos silos, IGrainFactory grains, NetworkClock clock, CancellationToken cancel, [Range(1, 1_000)] int top = KindsDefault)
    {
        var heard = await grains.GetGrain<IHostsGrain>(0).ListAsync();
        var counted = await silos.ListAsync(cancel);
        var gateways = heard.Where(static h => h.Report.Role == HostRole.Gateway)
            .Select(static h => new GatewayView(h.Report.Name, h.Report.Address, h.Report.Version, h.Report.StartedAt, h.HeardAt, h.Report.Agents, h.Report.CpuPercent, h.Report.MemoryBytes)).ToImmutableArray();
        var all = GrainCount.Sum(counted.SelectMany(static s => s.Activations ?? []));
        return TypedResults.Ok(new SilosView(
            silos.Runtime,
            clock.Now,
            [.. counted.Select(s => View(s, heard, top))],
            [.. all.Take(top)],
            gateways,
            all.Sum(static g => g.Activations),
            gateways.Sum(static g => g.Agents)));
    }

    /// <summary>A dead silo's address may be another's by now: what is said there is not about it.</summary>
    private static SiloView View(SiloCounts silo, ImmutableArray<HostHeard> heard, int top)
    {
        var said = silo.Status == "dead" ? null : heard.FirstOrDefault(h => h.Report.Role == HostRole.Silo && h.Report.Address == silo.Address);
        return new(
            silo.Name,
            silo.Address,
            silo.Status,
            said?.Report.Version,
            silo.StartedAt,
            said?.HeardAt,
            silo.Activations?.Sum(static g => g.Activations),
            [.. (silo.Activations ?? []).Take(top)],
            silo.CpuPercent ?? said?.Report.CpuPercent,
            silo.MemoryBytes ?? said?.Report.MemoryBytes,
            silo.MemoryMaxBytes,
            silo.Overloaded,
            said?.Report.Waiting);
    }
}
