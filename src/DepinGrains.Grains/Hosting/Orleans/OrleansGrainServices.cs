using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization;

namespace DepinGrains.Grains.Hosting;

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
