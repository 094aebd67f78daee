using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DepinGrains.ServiceDefaults.Telemetry;

/// <summary>Metrics, traces and logs of a host.</summary>
public static class TelemetryExtensions
{
    /// <summary>Adds the metrics page; traces and logs by OTLP when an endpoint is configured. <paramref name="service"/> is the host's name: silo, gateway, standalone.</summary>
    public static void AddDepinTelemetry(this WebApplicationBuilder builder, string service)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<TelemetryOptions>().BindConfiguration(TelemetryOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<MetricsPage>();
        builder.Services.AddHostedService<TelemetryStarter>();
        var options = builder.Configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>() ?? new TelemetryOptions();
        var endpoint = string.IsNullOrEmpty(options.OtlpEndpoint) ? builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] : options.OtlpEndpoint;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var collector))
        {
            return;
        }

        var resource = ResourceBuilder.CreateDefault().AddService("depin-" + service);
        void Export(OtlpExporterOptions otlp) => otlp.Endpoint = collector;
        builder.Logging.AddOpenTelemetry(logs => logs.SetResourceBuilder(resource).AddOtlpExporter(Export));
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.TraceRatio)))
            .AddSource("DepinGrains.*", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime")
            .AddAspNetCoreInstrumentation()
            .AddOtlpExporter(Export)
            .Build());
    }

    /// <summary>Both begin with the host, not with the first scrape.</summary>
    private sealed class TelemetryStarter : IHostedService
    {
        public TelemetryStarter(IServiceProvider services)
        {
            services.GetRequiredService<MetricsPage>();
            services.GetService<TracerProvider>();
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
