using DepinGrains.Contracts.Network;
using DepinGrains.Grains.Hosting;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Telemetry;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace DepinGrains.Standalone.Hosting;

/// <summary>The grain runtime of this build.</summary>
internal static class GrainRuntime
{
    public const string Name = "Orleans";

    /// <summary>One silo in this process, reachable from nowhere else. Reminders live in memory: the hosted sweeps are woken at every start, and deadlines are rows.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.UseOrleans(silo => Join(silo, builder.Configuration.Traces()));
        builder.Services.AddHostReports(static provider => new HostFacts(
            HostRole.Silo, provider.GetRequiredService<ILocalSiloDetails>().Name, HostExtensions.Version, () => provider.GetRequiredService<ILocalSiloDetails>().SiloAddress.Endpoint.ToString(), static () => 0));
    }

    private static void Join(ISiloBuilder silo, bool traces)
    {
        silo.UseLocalhostClustering(siloPort: Ports.Free(), gatewayPort: Ports.Free());
        silo.UseInMemoryReminderService();
        silo.Configure<ClusterOptions>(static options => (options.ClusterId, options.ServiceId) = ("standalone", "depin"));
        silo.Configure<SiloMessagingOptions>(static options =>
        {
            options.ResponseTimeout = TimeSpan.FromSeconds(30);
            options.CancelRequestOnTimeout = false;
        });
        silo.Services.AddGrainInterfaceNames();
        if (traces)
        {
            silo.AddActivityPropagation();
        }
    }

    private static class Ports
    {
        /// <summary>A port nobody listens on now; standalone's silo talks to itself only.</summary>
        public static int Free()
        {
            using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
            listener.Start();
            return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
