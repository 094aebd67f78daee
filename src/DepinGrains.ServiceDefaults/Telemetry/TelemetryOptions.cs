using System.ComponentModel.DataAnnotations;

namespace DepinGrains.ServiceDefaults.Telemetry;

/// <summary>What this process tells about itself, and to whom. <c>/metrics</c> is always there; OTLP only when an endpoint is named.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Telemetry";

    /// <summary>URL of an OTLP collector (gRPC) for traces and logs; empty: none. <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is read when this is empty.</summary>
    [Url]
    public string? OtlpEndpoint { get; set; }

    /// <summary>Share of requests traced, 0 to 1; a caller's own decision (traceparent) goes before it.</summary>
    [Range(0.0, 1.0)]
    public double TraceRatio { get; set; } = 0.1;

    /// <summary>Series a single instrument may have; what is beyond is summed up under <c>otel_metric_overflow="true"</c>.</summary>
    [Range(10, 100_000)]
    public int SeriesPerInstrument { get; set; } = 2_000;
}
