using DepinGrains.Contracts.Network;
using DepinGrains.Grains.Network.Hosts;
using DepinGrains.LocalRuntime.Hosting;
using DepinGrains.LocalRuntime.Reminders;
using DepinGrains.ServiceDefaults.Hosting;

namespace DepinGrains.Standalone.Hosting;

/// <summary>The grain runtime of this build.</summary>
internal static class GrainRuntime
{
    public const string Name = "Local";

    /// <summary>All grains in this process on the local runtime; reminders are kept beside the store.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IReminderStore>(static services =>
            new SqliteReminderStore("Data Source=" + Path.Combine(services.GetRequiredService<StandaloneOptions>().Data, "reminders.db")));
        builder.Services.AddLocalGrains(static options => options.Assemblies.Add(typeof(Grains.MarketServices).Assembly));
        builder.Services.AddHostReports(static _ => new HostFacts(HostRole.Silo, Environment.MachineName, HostExtensions.Version, static () => "local", static () => 0));
    }
}
