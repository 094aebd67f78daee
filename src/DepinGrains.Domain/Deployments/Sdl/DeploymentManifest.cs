using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>What a provider is told to run: the services of each placement group. Holds secrets (env, credentials): printing it never shows them.</summary>
public sealed record DeploymentManifest(ImmutableArray<ManifestGroup> Groups)
{
    /// <summary>The group of that name, or null.</summary>
    public ManifestGroup? Find(string group) => Groups.FirstOrDefault(g => g.Name == group);

    /// <inheritdoc/>
    public override string ToString() => $"DeploymentManifest({Groups.Length} groups)";
}

/// <summary>The services of one placement group.</summary>
public sealed record ManifestGroup(string Name, ImmutableArray<ManifestService> Services);

/// <summary>One service, run <paramref name="Count"/> times.</summary>
/// <param name="Name">The service's name in the SDL.</param>
/// <param name="Image">Container image, or <c>native:PROGRAM</c>.</param>
/// <param name="Command">Empty: the image's own.</param>
/// <param name="Args">Arguments.</param>
/// <param name="Env"><c>NAME=value</c>.</param>
/// <param name="Resources">Per replica; its id names the group's resource unit.</param>
/// <param name="Count">Replicas.</param>
/// <param name="Expose">Ports, sorted by service, port, protocol, global first.</param>
/// <param name="Params">Mounts and more; null when the SDL has none.</param>
/// <param name="Credentials">Of the image's registry.</param>
public sealed record ManifestService(
    string Name,
    string Image,
    ImmutableArray<string> Command,
    ImmutableArray<string> Args,
    ImmutableArray<string> Env,
    ManifestResources Resources,
    long Count,
    ImmutableArray<ManifestExpose> Expose,
    ManifestParams? Params,
    ManifestCredentials? Credentials)
{
    /// <summary>Never prints env or credentials.</summary>
    public override string ToString() => $"ManifestService({Name}, {Image})";
}

/// <summary>Resources of a replica. The amounts are decimal text, exactly as they enter the hash (JavaScript's shortest digits).</summary>
/// <param name="Id">The unit's id within the group.</param>
/// <param name="Cpu">Thousandths of a core; may have a fraction, which a group cuts off.</param>
/// <param name="CpuAttributes">E.g. <c>arch</c>.</param>
/// <param name="Memory">Bytes.</param>
/// <param name="Storage">Volumes.</param>
/// <param name="Gpu">Cards.</param>
/// <param name="GpuAttributes">Acceptable models.</param>
/// <param name="Endpoints">Of this service, in the SDL's order.</param>
public sealed record ManifestResources(
    int Id,
    string Cpu,
    ImmutableArray<SpecAttribute> CpuAttributes,
    string Memory,
    ImmutableArray<ManifestVolume> Storage,
    string Gpu,
    ImmutableArray<SpecAttribute> GpuAttributes,
    ImmutableArray<SpecEndpoint> Endpoints);

/// <summary>A volume; <paramref name="Size"/> is bytes as decimal text.</summary>
public sealed record ManifestVolume(string Name, string Size, ImmutableArray<SpecAttribute> Attributes);

/// <summary>A port offered to one target.</summary>
/// <param name="Port">In the container, 1–65535.</param>
/// <param name="ExternalPort">0: the same.</param>
/// <param name="Proto"><c>TCP</c> or <c>UDP</c>.</param>
/// <param name="Service">The other service it is offered to; empty for the world.</param>
/// <param name="Global">Offered to the world.</param>
/// <param name="Hosts">Host names for the shared ingress.</param>
/// <param name="HttpOptions">Of the ingress.</param>
/// <param name="Ip">Name of the leased address, or empty.</param>
/// <param name="EndpointSequenceNumber">Of the leased address, or 0.</param>
public sealed record ManifestExpose(
    int Port,
    int ExternalPort,
    string Proto,
    string Service,
    bool Global,
    ImmutableArray<string> Hosts,
    ManifestHttpOptions HttpOptions,
    string Ip,
    int EndpointSequenceNumber)
{
    /// <summary>HTTP over the shared ingress: TCP, to the world, seen at port 80.</summary>
    public bool IsIngress => Global && Proto == "TCP" && (ExternalPort == 0 ? Port : ExternalPort) == 80;
}

/// <summary>Ingress options: sizes in bytes, times in milliseconds.</summary>
public sealed record ManifestHttpOptions(
    long MaxBodySize,
    long ReadTimeout,
    long SendTimeout,
    long NextTries,
    long NextTimeout,
    ImmutableArray<string> NextCases,
    long ProxyBufferSize)
{
    /// <summary>Akash's defaults: 1 MiB, 60 s, 60 s, 3 tries on error or time-out.</summary>
    public static readonly ManifestHttpOptions Default = new(1_048_576, 60_000, 60_000, 3, 0, ["error", "timeout"], 0);
}

/// <summary>A service's parameters.</summary>
/// <param name="Storage">Mounts by volume name (ordinal).</param>
/// <param name="Permissions">What the service may read about itself.</param>
/// <param name="Tee"><c>cpu</c> or <c>cpu-gpu</c>: run in a trusted environment, with attestation; or null.</param>
public sealed record ManifestParams(ImmutableArray<ManifestMount> Storage, ManifestPermissions? Permissions, string? Tee);

/// <summary>Where a volume is mounted; <paramref name="Mount"/> is empty for the root.</summary>
public sealed record ManifestMount(string Name, string Mount, bool ReadOnly);

/// <summary><paramref name="Read"/>: any of <c>deployment</c>, <c>logs</c>, <c>events</c>.</summary>
public sealed record ManifestPermissions(ImmutableArray<string> Read);

/// <summary>Credentials of an image registry. A secret.</summary>
public sealed record ManifestCredentials(string Host, string Email, string Username, string Password)
{
    /// <summary>Never prints the secret.</summary>
    public override string ToString() => $"ManifestCredentials({Host})";
}
