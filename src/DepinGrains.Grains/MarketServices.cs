using System.Collections.Immutable;
using DepinGrains.Grains.Credits;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.Deployments.Screening;
using DepinGrains.Grains.Escrow;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Nodes;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.Pool;
using DepinGrains.Grains.Providers;
using DepinGrains.Grains.Staking;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.Sweeps;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains;

/// <summary>What every process that hosts grains registers, whichever runtime hosts them.</summary>
public static class MarketServices
{
    /// <summary>Every table the grains write; a host's store must know them.</summary>
    public static ImmutableArray<TableDefinition> Tables =>
    [
        .. IdentityState.Tables,
        .. NodeRows.Tables,
        ProviderState.Kind.Table,
        AddressPoolState.Kind.Table,
        HostnameState.Kind.Table,
        DeploymentState.Kind.Table,
        BidState.Kind.Table,
        OrderRow.Kind.Table,
        ScreeningRow.Kind.Table,
        SealedSdl.Kind.Table,
        LeaseState.Kind.Table,
        LeaseNodeState.Kind.Table,
        EscrowState.Kind.Table,
        .. SubnetRows.Tables,
        .. MoneyTables,
    ];

    /// <summary>Tables of parameters, prices, credit, allowances and the pool.</summary>
    private static ImmutableArray<TableDefinition> MoneyTables =>
    [
        AllowanceState.Kind.Table,
        ParameterSetState.Kind.Table,
        ParameterRow.Kind.Table,
        OracleState.Kind.Table,
        PriceRow.Kind.Table,
        CreditAccountState.Kind.Table,
        CreditVaultState.Kind.Table,
        ConversionRow.Kind.Table,
        ProposalState.Kind.Table,
        .. StakingServices.Tables,
        IssuanceState.Kind.Table,
        IssuedRow.Kind.Table,
    ];

    /// <summary>Registers options (validated at start), clocks, the market index and secrets. The host adds the store and a runtime.</summary>
    public static IServiceCollection AddMarket(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddMarketReads();
        Validated<ProviderOptions>(services, ProviderOptions.Section);
        Validated<DeploymentOptions>(services, DeploymentOptions.Section);
        services.AddOptions<DeploymentOptions>().Validate<IOptions<NodeOptions>, IOptions<ProviderOptions>>(
            static (deployments, nodes, providers) => deployments.Problem(nodes.Value, providers.Value) is null,
            $"{DeploymentOptions.Section}:{nameof(DeploymentOptions.BookingLifetime)} must be at least {DeploymentOptions.ClockMargin} shorter than {NodeOptions.Section}:{nameof(NodeOptions.ReservationLifetimeMax)} and {ProviderOptions.Section}:{nameof(ProviderOptions.AddressReservationMax)}, or every bid is refused by its node");
        Validated<ScreeningOptions>(services, ScreeningOptions.Section);
        Validated<SweepOptions>(services, SweepOptions.Section);
        services.AddStaking();
        services.AddMarketMeters();
        services.AddSingleton<MarketIndex>();
        services.AddSingleton<IOrderScreening, OrderScreening>();
        services.AddSubnets();
        services.AddDepinNodes(configuration);
        return services.AddIdentities(configuration);
    }

    /// <summary>What the grains count; needs the market's clock and the ledgers.</summary>
    public static IServiceCollection AddMarketMeters(this IServiceCollection services)
    {
        services.AddSingleton<DeploymentMetrics>();
        services.AddSingleton<LeaseMetrics>();
        return services.AddSingleton<SweepMetrics>();
    }

    /// <summary>The gauges of the whole market, read by this process; for hosts with grains, since gateways only pass on what those know.</summary>
    public static IServiceCollection AddMarketMetrics(this IServiceCollection services)
    {
        Validated<MarketMetricsOptions>(services, MarketMetricsOptions.Section);
        services.AddSingleton<MarketMetrics>();
        services.AddSingleton<MarketMetricsReader>();
        return services.AddHostedService(static provider => provider.GetRequiredService<MarketMetricsReader>());
    }

    /// <summary>The part that a gateway without grains needs to answer from rows itself: clock, tokens, prices, parameters, counts of leases.</summary>
    public static IServiceCollection AddMarketReads(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddKeyedSingleton(NetworkClock.TimeKey, TimeProvider.System);
        Validated<NetworkOptions>(services, NetworkOptions.Section);
        Validated<ParameterOptions>(services, ParameterOptions.Section);
        services.AddSingleton<NetworkClock>();
        services.TryAddSingleton<NetworkParameters>();
        services.AddSingleton<LeaseActivity>();
        return services.AddLedgers();
    }

    private static void Validated<TOptions>(IServiceCollection services, string section)
        where TOptions : class =>
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateDataAnnotations().ValidateOnStart();
}
