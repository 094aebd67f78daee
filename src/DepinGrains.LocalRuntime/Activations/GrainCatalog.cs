using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Activations;

/// <summary>The grain classes of the given assemblies, by name and by the interfaces they serve.</summary>
internal sealed class GrainCatalog
{
    private readonly FrozenDictionary<GrainType, GrainClass> _byType;
    private readonly ConcurrentDictionary<(Type Face, string? Prefix), GrainClass> _byFace = new();

    internal GrainCatalog(IEnumerable<Assembly> assemblies)
    {
        var classes = new Dictionary<GrainType, GrainClass>();
        foreach (var type in assemblies.Distinct().SelectMany(a => a.GetTypes()).Where(IsGrainClass))
        {
            var grainClass = new GrainClass(type);
            if (!classes.TryAdd(grainClass.GrainType, grainClass))
            {
                throw new InvalidOperationException($"{type} and {classes[grainClass.GrainType].Type} both have the grain type \"{grainClass.GrainType}\"");
            }
        }

        _byType = classes.ToFrozenDictionary();
    }

    internal IEnumerable<GrainClass> Classes => _byType.Values;

    internal GrainClass? Find(GrainType type) => _byType.GetValueOrDefault(type);

    internal GrainClass Serving(Type face, string? prefix) => _byFace.GetOrAdd((face, prefix), static (key, self) => self.Search(key.Face, key.Prefix), this);

    private static bool IsGrainClass(Type type) =>
        type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
        && typeof(IGrain).IsAssignableFrom(type)
        && (typeof(IGrainBase).IsAssignableFrom(type))
        && !typeof(GrainReference).IsAssignableFrom(type);

    private GrainClass Search(Type face, string? prefix)
    {
        var serving = _byType.Values
            .Where(c => face.IsAssignableFrom(c.Type) && (prefix is null || (c.Type.FullName ?? "").StartsWith(prefix, StringComparison.Ordinal)))
            .OrderBy(c => c.GrainType)
            .ToList();
        if (serving.Count > 1 && serving.Find(c => $"I{c.Type.Name}" == face.Name) is { } named)
        {
            return named;
        }

        return serving.Count switch
        {
            1 => serving[0],
            0 => throw new ArgumentException($"Could not find an implementation for interface {face}"),
            _ => throw new ArgumentException($"Several classes implement {face}: {string.Join(", ", serving.Select(c => c.Type.FullName))}"),
        };
    }
}
