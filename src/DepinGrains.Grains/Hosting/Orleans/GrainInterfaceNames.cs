using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization;

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

/// <summary>What our hosts add to Orleans, silos and clients alike.</summary>
public static class OrleansGrainServices
{
    /// <summary>
    /// Lets exceptions of the store cross processes as what they are, with the driver's inside them. Orleans takes only those along that it knows; of another the caller learned that it has no codec, and a
    /// gateway that cannot tell "ask again" from a bug answered 500 while the database was away.
    /// </summary>
    public static IServiceCollection AddGrainFaults(this IServiceCollection services) => services.Configure<ExceptionSerializationOptions>(static options =>
    {
        options.SupportedNamespacePrefixes.Add("DepinGrains");
        options.SupportedNamespacePrefixes.Add("Npgsql");
    });

    /// <summary>Makes <c>GetGrain</c> cheap. To be called after Orleans itself was added.</summary>
    public static IServiceCollection AddGrainInterfaceNames(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);

        // The first provider that knows a name is asked no further.
        services.Insert(0, ServiceDescriptor.Singleton<IGrainInterfaceTypeProvider, GrainInterfaceNames>());
        return services;
    }
}
