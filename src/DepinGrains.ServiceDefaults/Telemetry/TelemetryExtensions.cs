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
        if (Collector(builder.Configuration) is not { } collector)
        {
            return;
        }

        var options = Options(builder.Configuration);

        var resource = ResourceBuilder.CreateDefault().AddService("depin-" + service);
        var protocol = string.IsNullOrEmpty(options.OtlpProtocol) ? builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] : options.OtlpProtocol;
        Action<OtlpExporterOptions> To(string signal) => otlp => Direct(otlp, collector, protocol == "http/protobuf", signal);
        builder.Logging.AddOpenTelemetry(logs => logs.SetResourceBuilder(resource).AddOtlpExporter(To("logs")));
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.TraceRatio)))
            .AddSource("DepinGrains.*", "Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime")
            .AddAspNetCoreInstrumentation()
            .AddOtlpExporter(To("traces"))
            .Build());
    }

    /// <summary>Whether traces go anywhere; where they do not, calls of grains need not carry them along.</summary>
    public static bool Traces(this IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return Collector(configuration) is not null;
    }

    private static TelemetryOptions Options(IConfiguration configuration) => configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>() ?? new TelemetryOptions();

    private static Uri? Collector(IConfiguration configuration) =>
        Uri.TryCreate(Options(configuration).OtlpEndpoint is { Length: > 0 } own ? own : configuration["OTEL_EXPORTER_OTLP_ENDPOINT"], UriKind.Absolute, out var collector) ? collector : null;

    /// <summary>An endpoint that is set by code is used as it is: over HTTP each signal's path must be there already.</summary>
    private static void Direct(OtlpExporterOptions otlp, Uri collector, bool http, string signal) =>
        (otlp.Protocol, otlp.Endpoint) = http ? (OtlpExportProtocol.HttpProtobuf, new Uri($"{collector.AbsoluteUri.TrimEnd('/')}/v1/{signal}")) : (OtlpExportProtocol.Grpc, collector);

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
