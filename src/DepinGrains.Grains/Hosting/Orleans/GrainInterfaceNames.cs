using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Runtime;

namespace DepinGrains.Grains.Hosting;

/// <summary>
/// Remembers the runtime's name of each grain interface. Orleans (10.4) makes it anew, by reading attributes and parsing type names, at every <c>GetGrain</c>:
/// 10 µs, three times what an in-process call costs.
/// </summary>
internal sealed class GrainInterfaceNames(IServiceProvider services) : IGrainInterfaceTypeProvider
{
    private readonly ConcurrentDictionary<Type, GrainInterfaceType> _known = new();
    private readonly Lazy<GrainInterfaceTypeResolver> _others = new(() => new GrainInterfaceTypeResolver(
        [.. services.GetServices<IGrainInterfaceTypeProvider>().Where(static provider => provider is not GrainInterfaceNames)],
        services.GetRequiredService<Orleans.Serialization.TypeSystem.TypeConverter>()));

    /// <inheritdoc/>
    public bool TryGetGrainInterfaceType(Type type, out GrainInterfaceType grainInterfaceType)
    {
        grainInterfaceType = _known.TryGetValue(type, out var known) ? known : _known.GetOrAdd(type, _others.Value.GetGrainInterfaceType(type));
        return true;
    }
}
