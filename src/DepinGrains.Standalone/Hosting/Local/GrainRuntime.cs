using DepinGrains.LocalRuntime.Hosting;

namespace DepinGrains.Standalone.Hosting;

/// <summary>The grain runtime of this build.</summary>
internal static class GrainRuntime
{
    public const string Name = "Local";

    /// <summary>All grains in this process on the local runtime.</summary>
    public static void Add(WebApplicationBuilder builder) =>
        builder.Services.AddLocalGrains(static options => options.Assemblies.Add(typeof(Grains.MarketServices).Assembly));
}
