using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>Names of storage classes.</summary>
public static class StorageClasses
{
    /// <summary>The node's own disk; gone with the workload.</summary>
    public const string Ephemeral = "ephemeral";

    /// <summary>Memory-backed: counts as memory.</summary>
    public const string Ram = "ram";

    /// <summary>Persistent without a wish: the first of <c>default</c>, <c>beta3</c>, <c>beta2</c>, <c>beta1</c> that the node has.</summary>
    public const string Default = "default";

    private static readonly ImmutableArray<string> DefaultOrder = [Default, "beta3", "beta2", "beta1"];

    /// <summary>The node's class that a wanted class means there, or null when it has none such.</summary>
    public static string? Resolve(string wanted, ImmutableArray<StorageClassCapacity> offered)
    {
        foreach (var name in wanted == Default ? DefaultOrder : [wanted])
        {
            foreach (var offer in offered)
            {
                if (offer.Class == name)
                {
                    return name;
                }
            }
        }

        return null;
    }
}
