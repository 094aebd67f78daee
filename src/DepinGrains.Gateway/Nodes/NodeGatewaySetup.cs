using Microsoft.AspNetCore.WebSockets;
using DepinGrains.Grains.Nodes;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Registers what a gateway needs for nodes: connections, heartbeats, reports.</summary>
public static class NodeGatewaySetup
{
    /// <summary>Options come from the sections <c>AgentEndpoint</c> and <c>Liveness</c> (whose shard count must be the silos').</summary>
    public static IServiceCollection AddDepinNodeGateway(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<AgentEndpointOptions>().Bind(configuration.GetSection(AgentEndpointOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddLivenessShards(configuration);
        services.TryAddSingleton<IWorkloadReportSink, LeaseReportSink>();
        services.AddSingleton<HeartbeatBatcher>();
        services.AddSingleton<AgentConnections>();
        services.AddSingleton<AgentSocketHandler>();
        services.TryAddSingleton<IAgentPeers, NoPeers>();
        services.AddSingleton<Leases.LeaseRelay>();
        services.AddWebSockets(static options => options.KeepAliveInterval = TimeSpan.FromSeconds(30));
        return services;
    }
}
