using DepinGrains.Grains.Emissions;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DepinGrains.Grains.Staking;

/// <summary>What staking, inflation and emission need.</summary>
public static class StakingServices
{
    /// <summary>Every table they write.</summary>
    public static IReadOnlyList<TableDefinition> Tables =>
    [
        StakeState.Kind.Table,
        DelegationState.Kind.Table,
        StakerState.Kind.Table,
        InflationState.Kind.Table,
        InflationEpochRow.Kind.Table,
        EmissionRow.Kind.Table,
        DrawRow.Kind.Table,
        PointRow.Kind.Table,
    ];

    /// <summary>Registers options and meters.</summary>
    public static IServiceCollection AddStaking(this IServiceCollection services)
    {
        services.AddOptions<StakingOptions>().BindConfiguration(StakingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<EmissionOptions>().BindConfiguration(EmissionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<StakingMetrics>();
        services.TryAddSingleton<EmissionMetrics>();
        return services;
    }
}
