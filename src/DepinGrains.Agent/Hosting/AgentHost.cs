using DepinGrains.Agent.Options;
using DepinGrains.ServiceDefaults.Health;
using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent.Hosting;

/// <summary>The agent's own process: with a management port where one is wanted, else without a web server.</summary>
internal static class AgentHost
{
    public static IHost Build(AgentOptions options)
    {
        // Ending workloads takes their grace.
        var stop = options.Workloads.StopGrace;
        if (options.Management.Port == 0)
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            Add(builder, options);
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = stop + TimeSpan.FromSeconds(40));
            return builder.Build();
        }

        void Management(ManagementOptions management)
        {
            (management.Address, management.Port, management.DrainDelay) = (options.Management.Address, options.Management.Port, TimeSpan.Zero);
            management.ShutdownTimeout = stop + TimeSpan.FromSeconds(40);
        }

        var web = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        web.WebHost.UseKestrelCore();
        web.AddManagement(Management);
        web.Listen([], Management);
        web.AddDepinTelemetry("agent");
        web.Logging.AddFilter("Microsoft", LogLevel.Warning);
        web.Services.AddSingleton<IReadiness, AgentReadiness>();
        Add(web, options);
        var app = web.Build();
        app.UseManagement();
        return app;
    }

    private static void Add(IHostApplicationBuilder builder, AgentOptions options)
    {
        builder.Logging.AddSimpleConsole(static console => console.SingleLine = true);
        builder.Services.AddSingleton(TimeProvider.System).AddDepinAgent(options);
    }

    /// <summary>An agent without a gateway takes no work.</summary>
    private sealed class AgentReadiness(IServiceProvider services) : IReadiness
    {
        private AgentService? _agent;

        public string? NotReady => (_agent ??= services.GetServices<IHostedService>().OfType<AgentService>().Single()).Agent.NotReady;
    }
}
