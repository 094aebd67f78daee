using System.Collections.Immutable;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>One acceptable card: model, and optionally its memory (<c>80Gi</c>) and interface (<c>pcie</c>, <c>sxm</c>).</summary>
public sealed record GpuModelChoice(string Model, string? Ram = null, string? Interface = null);

/// <summary>How acceptable cards are written as attributes.</summary>
public static class GpuModelKey
{
    /// <summary><c>vendor/nvidia/model/MODEL[/ram/RAM][/interface/INTERFACE]</c> with the value <c>true</c>.</summary>
    public static SpecAttribute For(string model, string? ram, string? connector)
    {
        var key = $"vendor/nvidia/model/{model}";
        key += string.IsNullOrEmpty(ram) ? "" : $"/ram/{ram}";
        key += string.IsNullOrEmpty(connector) ? "" : $"/interface/{connector}";
        return new SpecAttribute(key, "true");
    }

    /// <summary>
    /// The strict form of Akash's chain: memory must be a binary unit, the interface <c>pcie</c> or <c>sxm</c>, and the attributes come sorted.
    /// No choice at all means any model. Null when a choice is not valid.
    /// </summary>
    public static ImmutableArray<SpecAttribute>? Strict(IEnumerable<GpuModelChoice> choices)
    {
        var list = new List<SpecAttribute>();
        foreach (var choice in choices)
        {
            if (choice.Model.Length == 0 || (choice.Ram is { } ram && !SdlUnits.IsGpuRam(ram)) || choice.Interface is not (null or "pcie" or "sxm"))
            {
                return null;
            }

            list.Add(For(choice.Model, choice.Ram, choice.Interface));
        }

        return list.Count == 0 ? [For("*", null, null)] : [.. list.OrderBy(a => a.Key, StringComparer.Ordinal)];
    }
}
