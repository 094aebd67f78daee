using DepinGrains.Grains.Nodes.Liveness;
using DepinGrains.Grains.State.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Nodes;

/// <summary>Registers what nodes and their liveness need in a process that hosts grains. The store (with <see cref="NodeRows.Tables"/>), the clock and a reminder service are the host's.</summary>
public static class NodeSetup
{
    /// <summary>Options come from the sections <c>Nodes</c>, <c>Liveness</c> and <c>Secrets</c>.</summary>
    public static IServiceCollection AddDepinNodes(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<NodeOptions>().Bind(configuration.GetSection(NodeOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<SecretOptions>().Bind(configuration.GetSection(SecretOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<ISecretProtector>(static provider => new AesGcmSecretProtector(provider.GetRequiredService<IOptions<SecretOptions>>()));
        services.TryAddSingleton<IBenchmarkNonces, RandomBenchmarkNonces>();
        services.AddLivenessShards(configuration);
        services.TryAddSingleton<LivenessMetrics>();
        services.TryAddSingleton<LivenessHints>();
        services.AddHostedService<LivenessStarter>();
        return services;
    }

    /// <summary>The part a gateway without grains needs: where the shards are, and hints within the process.</summary>
    public static IServiceCollection AddLivenessShards(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<LivenessOptions>().Bind(configuration.GetSection(LivenessOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<INodeNotifier, NodeNotifier>();
        services.TryAddSingleton<LivenessShards>();
        return services;
    }
}
