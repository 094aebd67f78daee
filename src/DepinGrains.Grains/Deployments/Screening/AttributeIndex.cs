using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>Which providers of a snapshot of the market declare an attribute: spares an order the look at every provider of the network.</summary>
public sealed class AttributeIndex
{
    private static readonly List<int> Nobody = [];
    private readonly Dictionary<Fact, List<int>> _declaring = [];

    /// <summary>Indexes a snapshot.</summary>
    public AttributeIndex(ImmutableArray<IndexedProvider> providers)
    {
        Providers = providers;
        for (var i = 0; i < providers.Length; i++)
        {
            foreach (var attribute in providers[i].State.Profile.Attributes)
            {
                if (!_declaring.TryGetValue(attribute, out var declaring))
                {
                    _declaring[attribute] = declaring = [];
                }

                if (declaring is [] || declaring[^1] != i)
                {
                    declaring.Add(i);
                }
            }
        }
    }

    /// <summary>The snapshot.</summary>
    public ImmutableArray<IndexedProvider> Providers { get; }

    /// <summary>The fewest providers of whom it is known that nobody else declares all of these attributes, in order; null when nothing is known: no name without wildcard is wanted.</summary>
    public IReadOnlyList<int>? Declaring(IEnumerable<Fact> wanted)
    {
        List<int>? fewest = null;
        foreach (var attribute in wanted.Where(static a => !a.Name.Contains('*', StringComparison.Ordinal)))
        {
            var declaring = _declaring.GetValueOrDefault(attribute, Nobody);
            fewest = fewest is null || declaring.Count < fewest.Count ? declaring : fewest;
        }

        return fewest;
    }
}
