using System.Net;
using System.Net.Sockets;
using DepinGrains.Grains.Nodes;
using Microsoft.Extensions.Hosting;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>One silo in this process on the runtime of this build.</summary>
internal static class GrainHost
{
    /// <summary>Adds the runtime with the product's grains and the benchmark's own.</summary>
    public static void Add(IHostApplicationBuilder builder)
    {
#if LOCAL_RUNTIME
        LocalRuntime.Hosting.LocalGrainServiceCollectionExtensions.AddLocalGrains(
            builder.Services, static options => options.AddAssembly(typeof(NodeGrain).Assembly).AddAssembly(typeof(GrainHost).Assembly));
#else
        OrleansSiloOf(builder);
#endif
    }

    /// <summary>A port nobody listens on now.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

#if !LOCAL_RUNTIME
    private static void OrleansSiloOf(IHostApplicationBuilder builder) =>
        Microsoft.Extensions.Hosting.OrleansSiloGenericHostExtensions.UseOrleans(builder, static silo =>
        {
            Orleans.Hosting.CoreHostingExtensions.UseLocalhostClustering(silo, FreePort(), FreePort());
            Orleans.Hosting.SiloBuilderReminderMemoryExtensions.UseInMemoryReminderService(silo);
            Grains.Hosting.OrleansGrainServices.AddGrainInterfaceNames(silo.Services);
        });
#endif
}
