using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DepinGrains.Grains.Subnets;

/// <summary>Registration.</summary>
public static class SubnetServices
{
    /// <summary>What subnets' grains need.</summary>
    public static IServiceCollection AddSubnets(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddOptions<SubnetOptions>().BindConfiguration(SubnetOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<SubnetMetrics>();
        return services;
    }
}
