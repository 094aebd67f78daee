using DepinGrains.Gateway.Nodes;
using DepinGrains.Grains;
using DepinGrains.Grains.Hosting;
using DepinGrains.ServiceDefaults.Health;
using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.ServiceDefaults.Telemetry;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Everything a gateway's process is made of: the API, the store it lists from, and a client of the silos.</summary>
internal static class GatewayServices
{
    private const string DefaultUrl = "http://127.0.0.1:8080";
    private const int ConnectionsMax = 2;
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    public static void Add(WebApplicationBuilder builder)
    {
        builder.AddDepinTelemetry("gateway");
        builder.Listen((builder.Configuration["urls"] ?? DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.Services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<StoreOptions>().Validate(static o => o.Kind == "postgres", "Store:Kind must be postgres: gateways read the silos' database");
        builder.Services.Configure<StoreOptions>(static store => store.Kind = "postgres");
        builder.Services.AddDepinStore(builder.Configuration.GetSection(StoreOptions.Section), MarketServices.Tables);
        builder.Services.AddMarketReads();
        builder.Services.AddSingleton<AgentPeers>();
        builder.Services.AddSingleton<IAgentPeers>(static services => services.GetRequiredService<AgentPeers>());
        builder.Services.AddHostedService(static services => services.GetRequiredService<AgentPeers>());
        builder.Services.AddDepinGateway(builder.Configuration);
        builder.Services.AddSingleton<SilosConnection>();
        builder.Services.AddSingleton<IClusterConnectionStatusObserver>(static services => services.GetRequiredService<SilosConnection>());
        builder.Services.AddSingleton<IReadiness>(static services => services.GetRequiredService<SilosConnection>());

        // The API listens while the client still looks for silos: it answers 503 with a reason instead of refusing connections.
        builder.Services.Configure<HostOptions>(static host => host.ServicesStartConcurrently = true);
        builder.UseOrleansClient(client => Connect(client, builder.Configuration));
    }

    private static void Connect(IClientBuilder client, ConfigurationManager configuration)
    {
        var silos = configuration.GetSection(SilosOptions.Section).Get<SilosOptions>() ?? new SilosOptions();
        var connection = SilosDatabase.Connection(configuration, "depin-gateway", ConnectionsMax);
        client.UseAdoNetClustering(table => (table.Invariant, table.ConnectionString) = (SilosDatabase.Invariant, connection));
        client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (silos.Id, silos.ServiceId));
        client.Configure<Orleans.Configuration.GatewayOptions>(list => list.GatewayListRefreshPeriod = silos.GatewayListEvery);
        client.Configure<ClientMessagingOptions>(messaging =>
        {
            messaging.ResponseTimeout = silos.CallTimeout;
            messaging.CancelRequestOnTimeout = false;
        });
        client.Services.AddGrainInterfaceNames().AddGrainFaults();
        if (configuration.Traces())
        {
            client.AddActivityPropagation();
        }

        client.UseConnectionRetryFilter(static async (_, cancel) =>
        {
            await Task.Delay(RetryEvery, TimeProvider.System, cancel);
            return true;
        });
    }
}
