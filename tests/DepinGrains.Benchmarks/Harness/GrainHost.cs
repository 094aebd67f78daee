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

#if !LOCAL_RUNTIME
    private static void OrleansSiloOf(IHostApplicationBuilder builder) =>
        Microsoft.Extensions.Hosting.OrleansSiloGenericHostExtensions.UseOrleans(builder, static silo =>
        {
            Orleans.Hosting.CoreHostingExtensions.UseLocalhostClustering(silo, Testing.Ports.Free(), Testing.Ports.Free());
            Orleans.Hosting.SiloBuilderReminderMemoryExtensions.UseInMemoryReminderService(silo);
            Grains.Hosting.OrleansGrainServices.AddGrainInterfaceNames(silo.Services);
        });
#endif
}
