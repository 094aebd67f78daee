using System.Net;
using System.Reflection;
using DepinGrains.ServiceDefaults.Health;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace DepinGrains.ServiceDefaults.Hosting;

/// <summary>What the silo's and the gateway's process have in common.</summary>
public static class HostExtensions
{
    /// <summary>Which build this is, as a start says it: during an upgrade two of them serve side by side.</summary>
    public static string Version => Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The grain runtime this was built for.</summary>
#if ORLEANS_RUNTIME
    public static string Runtime => "Orleans";
#else
    public static string Runtime => "Local";
#endif

    /// <summary>
    /// A builder whose configuration is appsettings.json beside the program, then environment variables (<c>Section__Name</c>), then <c>--Section:Name value</c>; the management port,
    /// draining and logs are set up.
    /// </summary>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddManagement();
        builder.Services.AddOptions<SilosOptions>().BindConfiguration(SilosOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        // Polly is what Orleans places grains with: two lines of every placement.
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning);
        builder.Logging.AddSimpleConsole(static console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "HH:mm:ss ", true));
        builder.Services.Configure<ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        return builder;
    }

    /// <summary>The management port's options (from what the host sets in <paramref name="defaults"/>, then its section), probes and draining.</summary>
    public static void AddManagement(this WebApplicationBuilder builder, Action<ManagementOptions>? defaults = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<ManagementOptions>().Configure(defaults ?? (static _ => { })).BindConfiguration(ManagementOptions.Section).ValidateDataAnnotations()
            .Validate(static o => IPAddress.TryParse(o.Address, out _), "Management:Address must be an IP address")
            .Validate(static o => o.DrainDelay < o.ShutdownTimeout, "Management:DrainDelay must be shorter than Management:ShutdownTimeout").ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<HostLife>();
        builder.Services.AddSingleton<ManagementAddress>();
        builder.Services.AddHostedService<DrainService>();
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<ManagementOptions>>(static (host, management) => host.ShutdownTimeout = management.Value.ShutdownTimeout);
    }

    /// <summary>Listens on <paramref name="urls"/> and, last of all, on the management port.</summary>
    public static void Listen(this WebApplicationBuilder builder, IEnumerable<string> urls, Action<ManagementOptions>? defaults = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var management = new ManagementOptions();
        defaults?.Invoke(management);
        builder.Configuration.GetSection(ManagementOptions.Section).Bind(management);
        builder.WebHost.UseUrls([.. urls, $"http://{ManagementAddress.Host(management.Address)}:{management.Port}"]);
        builder.Services.Configure<KestrelServerOptions>(static kestrel => kestrel.AddServerHeader = false);
    }

    /// <summary>The probes' answers; before everything else of the pipeline. Metrics are counted from here on, those of the store's opening included.</summary>
    public static void UseManagement(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Services.GetRequiredService<MetricsPage>();
        app.UseMiddleware<ManagementMiddleware>();
    }
}
