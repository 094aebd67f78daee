using System.Security.Cryptography;
using DepinGrains.Domain.Subnets.Hardware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DepinGrains.Grains.Subnets;

/// <summary>Makes nonces of benchmarks. Replaced in simulation.</summary>
public interface ISubnetNonces
{
    /// <summary>Fresh bytes nobody can guess.</summary>
    byte[] Next();
}

/// <summary>Nonces from the system's random numbers.</summary>
public sealed class RandomSubnetNonces : ISubnetNonces
{
    /// <inheritdoc/>
    public byte[] Next() => RandomNumberGenerator.GetBytes(BenchmarkWork.NonceBytes);
}

/// <summary>Registration.</summary>
public static class SubnetServices
{
    /// <summary>What subnets' grains need.</summary>
    public static IServiceCollection AddSubnets(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddOptions<SubnetOptions>().BindConfiguration(SubnetOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<SubnetMetrics>();
        services.TryAddSingleton<ISubnetNonces, RandomSubnetNonces>();
        return services;
    }
}
