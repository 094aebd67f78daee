using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Deployments.Sdl.Yaml;

namespace DepinGrains.Domain.Deployments.Sdl.Reading;

/// <summary>A value with the place it came from, for errors found later.</summary>
internal readonly record struct Placed<T>(T Value, YamlNode Node, string Path);

/// <summary>An SDL whose shape is right. A section entry that was wrong by itself is kept with a null value, so that references to it are not called unknown.</summary>
internal sealed class SdlModel
{
    public string Version { get; set; } = "";

    public Dictionary<string, Placed<ServiceModel?>> Services { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Placed<ComputeModel?>> Computes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Placed<PlacementModel?>> Placements { get; } = new(StringComparer.Ordinal);

    /// <summary>Service → placement → what to run there.</summary>
    public Dictionary<string, Dictionary<string, Placed<DeployModel?>>> Deployments { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Placed<bool>> Endpoints { get; } = new(StringComparer.Ordinal);

    public YamlNode? DeploymentNode { get; set; }

    public TimeSpan? ReclamationMinWindow { get; set; }
}

internal sealed record DeployModel(string Profile, int Count);

internal sealed record ServiceModel(
    string Image,
    ImmutableArray<string> Command,
    ImmutableArray<string> Args,
    ImmutableArray<string> Env,
    ImmutableArray<ExposeModel> Expose,
    ParamsModel? Params,
    ManifestCredentials? Credentials);

internal sealed record ExposeModel(
    int Port,
    int? As,
    string Proto,
    ImmutableArray<string> Accept,
    ImmutableArray<Placed<ToModel>> To,
    ManifestHttpOptions Http);

internal sealed record ToModel(string Service, bool Global, string Ip);

internal sealed record ParamsModel(
    bool HasStorage,
    ImmutableArray<KeyValuePair<string, Placed<MountModel>>> Storage,
    ManifestPermissions? Permissions,
    Placed<string>? Tee);

internal sealed record MountModel(string Mount, bool ReadOnly);

internal sealed record PlacementModel(
    ImmutableArray<SpecAttribute> Attributes,
    ImmutableArray<string> AllOf,
    ImmutableArray<string> AnyOf,
    Dictionary<string, UnitPrice?> Pricing,
    string PricingPath);

internal sealed record ComputeModel(
    Placed<double> CpuMilli,
    ImmutableArray<SpecAttribute> CpuAttributes,
    Placed<string> Memory,
    ImmutableArray<VolumeModel> Storage,
    GpuModel? Gpu);

internal sealed record VolumeModel(string? Name, Placed<string> Size, ImmutableArray<SpecAttribute> Attributes, bool Persistent);

/// <param name="HasUnits">False only for the number 0: the text "0" counts as units, as in Akash.</param>
internal sealed record GpuModel(Placed<double> Units, bool HasUnits, YamlNode? AttributesNode, bool HasVendor, ImmutableArray<SpecAttribute> Attributes);
