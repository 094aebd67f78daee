using System.Collections.Immutable;

namespace DepinGrains.Contracts.Deployments;

/// <summary>One placement group of a deployment: what is asked for and the most that may be paid for it. One group becomes one order.</summary>
/// <param name="Name">The placement's name in the SDL.</param>
/// <param name="Requirements">What a provider must be to bid.</param>
/// <param name="Units">The resource units, in the order of their ids.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.group_spec.v1")]
public sealed record GroupSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] PlacementRequirements Requirements,
    [property: Id(2)] ImmutableArray<ResourceUnit> Units);

/// <summary>What a provider must be: every attribute must match, and the signatures must be there.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.requirements.v1")]
public sealed record PlacementRequirements(
    [property: Id(0)] ImmutableArray<SpecAttribute> Attributes,
    [property: Id(1)] SignedBy SignedBy);

/// <summary>Auditors: all of <paramref name="AllOf"/> and at least one of <paramref name="AnyOf"/> (where not empty) must have signed the required attributes.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.signed_by.v1")]
public sealed record SignedBy(
    [property: Id(0)] ImmutableArray<string> AllOf,
    [property: Id(1)] ImmutableArray<string> AnyOf);

/// <summary>A name with its value, as text.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.attribute.v1")]
public readonly record struct SpecAttribute([property: Id(0)] string Key, [property: Id(1)] string Value);

/// <summary><paramref name="Count"/> replicas of the same resources, each at most at <paramref name="Price"/> per block.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.resource_unit.v1")]
public sealed record ResourceUnit(
    [property: Id(0)] UnitResources Resources,
    [property: Id(1)] int Count,
    [property: Id(2)] UnitPrice Price);

/// <summary>The resources of one replica.</summary>
/// <param name="Id">1, 2, … within the group; the manifest refers to it.</param>
/// <param name="CpuMilli">Thousandths of a core.</param>
/// <param name="CpuAttributes">E.g. <c>arch</c>.</param>
/// <param name="MemoryBytes">Bytes.</param>
/// <param name="Storage">Volumes.</param>
/// <param name="GpuUnits">Whole cards.</param>
/// <param name="GpuAttributes">Any one of <c>vendor/nvidia/model/a100[/ram/80Gi][/interface/sxm]</c>, value <c>true</c>, must be had.</param>
/// <param name="Endpoints">Endpoints of all services of the unit together; in the SDL's order for one service, by sequence number for several.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.unit_resources.v1")]
public sealed record UnitResources(
    [property: Id(0)] int Id,
    [property: Id(1)] long CpuMilli,
    [property: Id(2)] ImmutableArray<SpecAttribute> CpuAttributes,
    [property: Id(3)] long MemoryBytes,
    [property: Id(4)] ImmutableArray<StorageVolume> Storage,
    [property: Id(5)] long GpuUnits,
    [property: Id(6)] ImmutableArray<SpecAttribute> GpuAttributes,
    [property: Id(7)] ImmutableArray<SpecEndpoint> Endpoints);

/// <summary>A volume of a replica.</summary>
/// <param name="Name"><c>default</c> when the SDL gives none.</param>
/// <param name="Bytes">Bytes.</param>
/// <param name="Attributes">As written: <c>class</c>, <c>persistent</c>.</param>
[GenerateSerializer, Immutable, Alias("depin.deployment.storage_volume.v1")]
public sealed record StorageVolume(
    [property: Id(0)] string Name,
    [property: Id(1)] long Bytes,
    [property: Id(2)] ImmutableArray<SpecAttribute> Attributes)
{
    /// <summary>True when the volume outlives a restart. <c>false</c>, <c>no</c>, <c>0</c> and the empty text mean no, as Akash reads them.</summary>
    public bool Persistent => Find("persistent") is { } text && text.ToLowerInvariant() is not ("false" or "no" or "0" or "");

    /// <summary><c>ephemeral</c>, <c>ram</c>, <c>default</c>, <c>beta1</c>…: the class asked for; persistent without one means <c>default</c>.</summary>
    public string Class => Find("class") ?? (Persistent ? "default" : "ephemeral");

    private string? Find(string key)
    {
        foreach (var attribute in Attributes)
        {
            if (attribute.Key == key)
            {
                return attribute.Value;
            }
        }

        return null;
    }
}

/// <summary>What an endpoint is. The numbers are Akash's.</summary>
[GenerateSerializer]
public enum EndpointKind
{
    /// <summary>HTTP through the provider's shared ingress.</summary>
    SharedHttp = 0,

    /// <summary>A port of the provider's choice.</summary>
    RandomPort = 1,

    /// <summary>An address of its own.</summary>
    LeasedIp = 2,
}

/// <summary>An endpoint; <paramref name="SequenceNumber"/> tells leased addresses apart and is 0 for the other kinds.</summary>
[GenerateSerializer, Immutable, Alias("depin.deployment.endpoint.v1")]
public readonly record struct SpecEndpoint([property: Id(0)] EndpointKind Kind, [property: Id(1)] int SequenceNumber);
