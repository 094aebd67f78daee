using DepinGrains.Gateway.Subnets.Tunnels;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Registers what a gateway needs for inference.</summary>
public static class ServingSetup
{
    /// <summary>Options come from the section <c>Serving</c>.</summary>
    public static IServiceCollection AddDepinServing(this IServiceCollection services)
    {
        services.AddOptions<ServingOptions>().BindConfiguration(ServingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ServingOptions>, ServingOptionsCheck>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IMinerDirectory, SubnetMinerDirectory>();
        services.AddSingleton<MinerTunnels>();
        services.AddSingleton<ValidatorTunnels>();
        services.AddSingleton<MinerConnections>();
        services.AddSingleton<MinerSigner>();
        services.AddSingleton<MinerBook>();
        services.AddSingleton<MinerCall>();
        services.AddSingleton<ServingMetrics>();
        services.AddHostedService<ServingReporter>();
        services.AddSingleton<AnswerMemory>();
        services.AddSingleton<InferenceAccount>();
        services.AddSingleton<InferenceProxy>();
        return services.AddSingleton<InferenceServer>();
    }
}
