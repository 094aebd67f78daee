using System.Collections.Concurrent;
using DepinGrains.LocalRuntime.Activations;
using Orleans.Runtime;

namespace DepinGrains.LocalRuntime.Calls;

/// <summary>Makes references; the proxy class of an interface is generated when first asked for and kept for the process.</summary>
internal static class ProxyFactory
{
    private static readonly ConcurrentDictionary<Type, Lazy<Func<GrainEngine, GrainClass, GrainId, LocalGrainReference>>> Makers = new();

    internal static LocalGrainReference Create(Type face, GrainEngine engine, GrainClass grainClass, GrainId grainId) =>
        Makers.GetOrAdd(face, static f => new(() => ProxyEmitter.Emit(f))).Value(engine, grainClass, grainId);
}
