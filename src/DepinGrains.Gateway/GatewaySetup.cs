using DepinGrains.Gateway.Credits;
using DepinGrains.Gateway.Deployments;
using DepinGrains.Gateway.Emissions;
using DepinGrains.Gateway.Escrow;
using DepinGrains.Gateway.Events;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Gateway.Leases;
using DepinGrains.Gateway.Ledgers;
using DepinGrains.Gateway.Network;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Gateway.Oracle;
using DepinGrains.Gateway.Pages;
using DepinGrains.Gateway.Pool;
using DepinGrains.Gateway.Providers;
using DepinGrains.Gateway.Staking;
using DepinGrains.Gateway.Subnets;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Gateway.Subnets.Tunnels;
using Scalar.AspNetCore;

namespace DepinGrains.Gateway;

/// <summary>All of the gateway: what a host adds to its services and maps on its pipeline.</summary>
public static class GatewaySetup
{
    /// <summary>Registers the HTTP layer and the endpoints' needs.</summary>
    public static IServiceCollection AddDepinGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddDepinHttp(configuration);
        services.AddDepinOpenApi();
        services.AddDepinNodeGateway(configuration);
        services.AddDepinServing();
        services.AddOptions<FaucetOptions>().BindConfiguration(FaucetOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services;
    }

    /// <summary>Maps everything.</summary>
    public static WebApplication MapDepinGateway(this WebApplication app)
    {
        app.UseWebSockets();
        app.UseDepinHttp();
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference().AllowAnonymous();
        app.MapStartPage();
        app.MapIdentityEndpoints();
        app.MapProviderEndpoints();
        app.MapNodes();
        app.MapOrderEndpoints();
        app.MapDeploymentEndpoints();
        app.MapLeaseEndpoints();
        app.MapLeaseStatistics();
        app.MapLedgerEndpoints();
        app.MapIssuanceEndpoints();
        app.MapParameterEndpoints();
        app.MapOracleEndpoints();
        app.MapCreditEndpoints();
        app.MapPoolEndpoints();
        app.MapStakingEndpoints();
        app.MapEmissionEndpoints();
        app.MapAllowanceEndpoints();
        app.MapSubnetEndpoints();
        app.MapTunnelEndpoint();
        app.MapRootEndpoints();
        app.MapServingEndpoints();
        app.MapEventEndpoints();
        return app;
    }
}
