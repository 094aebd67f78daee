using System.Collections.Concurrent;
using System.Reflection;
using DepinGrains.LocalRuntime.State;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Activations;

/// <summary>What the runtime knows of a grain class.</summary>
internal sealed class GrainClass
{
    private readonly ConcurrentDictionary<MethodInfo, MethodInfo> _implementations = new();
    private readonly Func<Activation, object>[] _facets;
    private readonly ObjectFactory _factory;
    private long _calls;

    internal GrainClass(Type type)
    {
        Type = type;
        GrainType = type.GetCustomAttribute<GrainTypeAttribute>()?.GetGrainType(null, type) ?? GrainType.Create(DefaultName(type));
        Reentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        KeepAlive = type.IsDefined(typeof(KeepAliveAttribute), inherit: true);
        MaxWorkers = type.GetCustomAttribute<StatelessWorkerAttribute>()?.MaxLocalWorkers ?? 0;
        FiltersOwnCalls = typeof(IIncomingGrainCallFilter).IsAssignableFrom(type);
        var facets = FacetParameters(type);
        _facets = facets.Select(PersistentStateFacet.Maker).ToArray();
        _factory = ActivatorUtilities.CreateFactory(type, facets.Select(f => f.ParameterType).ToArray());
    }

    internal Type Type { get; }

    /// <summary>Its name among the metrics.</summary>
    internal string Name => GrainType.ToString()!;

    /// <summary>Calls begun since the process started.</summary>
    internal long Calls => Volatile.Read(ref _calls);

    internal GrainType GrainType { get; }

    internal bool Reentrant { get; }

    internal bool KeepAlive { get; }

    /// <summary>0: one activation per identity.</summary>
    internal int MaxWorkers { get; }

    /// <summary>True when the grain is an incoming filter of its own calls.</summary>
    internal bool FiltersOwnCalls { get; }

    internal void Called() => Interlocked.Increment(ref _calls);

    internal TimeSpan AgeLimit(LocalGrainOptions options) => options.CollectionAgeByClass.TryGetValue(Type, out var age) ? age : options.CollectionAge;

    internal object[] CreateFacets(Activation activation) => _facets.Length == 0 ? [] : [.. _facets.Select(make => make(activation))];

    internal object Create(IServiceProvider services, object[] facets) => _factory(services, facets);

    internal MethodInfo ImplementationOf(MethodInfo method) => _implementations.GetOrAdd(
        method,
        static (m, type) =>
        {
            var map = type.GetInterfaceMap(m.DeclaringType!);
            return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, m)];
        },
        Type);

    private static string DefaultName(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return name.Length > 5 && name.EndsWith("grain", StringComparison.Ordinal) ? name[..^5] : name;
    }

    private static List<ParameterInfo> FacetParameters(Type type) =>
        type.GetConstructors()
            .Select(c => c.GetParameters().Where(p => p.IsDefined(typeof(PersistentStateAttribute))).ToList())
            .MaxBy(p => p.Count) ?? [];
}
