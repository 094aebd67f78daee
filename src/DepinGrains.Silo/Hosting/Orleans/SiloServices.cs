using System.Net;
using DepinGrains.Contracts.Network;
using DepinGrains.Grains;
using DepinGrains.Grains.Hosting;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.ServiceDefaults.Health;
using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.ServiceDefaults.Telemetry;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;

namespace DepinGrains.Silo.Hosting;

/// <summary>Everything a silo's process is made of.</summary>
internal static class SiloServices
{
    /// <summary>Orleans' own few statements (probing, reminders) must not queue behind each other, nor take connections from the store.</summary>
    private const int ConnectionsMax = 8;

    public static void Add(WebApplicationBuilder builder)
    {
        builder.AddDepinTelemetry("silo");
        builder.Listen([]);
        builder.Services.AddOptions<SiloOptions>().BindConfiguration(SiloOptions.Section).ValidateDataAnnotations()
            .Validate(static o => o.Problem is null, "Silo: Address must be an IP address that others can reach, and the two ports must differ").ValidateOnStart();
        builder.Services.AddOptions<StoreOptions>().Validate(static o => o.Kind == "postgres", "Store:Kind must be postgres: silos share one database");
        builder.Services.Configure<StoreOptions>(static store => store.Kind = "postgres");
        builder.Services.AddDepinStore(builder.Configuration.GetSection(StoreOptions.Section), MarketServices.Tables);
        builder.Services.AddMarket(builder.Configuration);
        builder.Services.AddMarketMetrics();
        builder.Services.AddSingleton<IReadiness, SiloReadiness>();
        builder.Services.AddSingleton<IGrainPropertiesProvider, GrainPlacements>();
        builder.Services.AddHostedService<SweepStarter>();
        builder.Services.AddHostReports(static provider => new HostFacts(
            HostRole.Silo, provider.GetRequiredService<ILocalSiloDetails>().Name, HostExtensions.Version, () => provider.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint.ToString(), static () => 0));
        builder.UseOrleans(silo => Join(silo, builder.Configuration));
    }

    private static void Join(ISiloBuilder silo, ConfigurationManager configuration)
    {
        var options = configuration.GetSection(SiloOptions.Section).Get<SiloOptions>() ?? new SiloOptions();
        var silos = configuration.GetSection(SilosOptions.Section).Get<SilosOptions>() ?? new SilosOptions();
        var connection = SilosDatabase.Connection(configuration, "depin-silo", ConnectionsMax);
        silo.UseAdoNetClustering(table => (table.Invariant, table.ConnectionString) = (SilosDatabase.Invariant, connection));
        silo.UseAdoNetReminderService(table => (table.Invariant, table.ConnectionString) = (SilosDatabase.Invariant, connection));
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (silos.Id, silos.ServiceId));
        silo.Configure<Orleans.Configuration.SiloOptions>(own => own.SiloName = options.Name);
        silo.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.AdvertisedIPAddress = IPAddress.TryParse(options.Address, out var address) ? address : IPAddress.Loopback;
            (endpoint.SiloPort, endpoint.GatewayPort) = (options.Port, options.GatewayPort);
            if (!IPAddress.IsLoopback(endpoint.AdvertisedIPAddress))
            {
                endpoint.SiloListeningEndpoint = new IPEndPoint(IPAddress.Any, options.Port);
                endpoint.GatewayListeningEndpoint = new IPEndPoint(IPAddress.Any, options.GatewayPort);
            }
        });
        silo.Configure<ClusterMembershipOptions>(membership => Watch(membership, silos));
        silo.Configure<SiloMessagingOptions>(messaging =>
        {
            messaging.ResponseTimeout = silos.CallTimeout;
            messaging.SystemResponseTimeout = silos.CallTimeout;
            messaging.CancelRequestOnTimeout = false;
        });
        silo.Services.AddGrainInterfaceNames().AddGrainFaults();
        if (configuration.Traces())
        {
            silo.AddActivityPropagation();
        }

        silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = options.CollectAfter);
        silo.Configure<LoadSheddingOptions>(shedding =>
        {
            shedding.LoadSheddingEnabled = options.ShedAboveCpuPercent < 100 || options.ShedAboveMemoryPercent < 100;
            (shedding.CpuThreshold, shedding.MemoryThreshold) = (options.ShedAboveCpuPercent, options.ShedAboveMemoryPercent);
        });
    }

    /// <summary>
    /// A death is noticed within ProbeTimeout × (ProbesMissedMax + 1) by each voter, and written at once. Orleans would let the time-out grow to four times as much by itself, and trust a connection
    /// that was heard of within ProbesMissedMax of those: a frozen silo, whose connections stay open, would be believed alive for half a minute.
    /// </summary>
    private static void Watch(ClusterMembershipOptions membership, SilosOptions silos)
    {
        membership.ProbeTimeout = membership.MinProbeTimeout = membership.MaxProbeTimeout = silos.ProbeTimeout;
        membership.NumMissedProbesLimit = silos.ProbesMissedMax;
        membership.NumVotesForDeathDeclaration = silos.VotesForDeath;
        membership.TableRefreshTimeout = silos.TableEvery;
        membership.IAmAliveTablePublishTimeout = silos.TableEvery;
        membership.DefunctSiloExpiration = TimeSpan.FromDays(1);
    }
}
