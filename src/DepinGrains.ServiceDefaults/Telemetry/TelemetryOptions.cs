using System.ComponentModel.DataAnnotations;

namespace DepinGrains.ServiceDefaults.Telemetry;

/// <summary>What this process tells about itself, and to whom. <c>/metrics</c> is always there; OTLP only when an endpoint is named.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Telemetry";

    /// <summary>URL of an OTLP collector for traces and logs, e.g. <c>http://collector:4317</c>; empty: none. <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is read when this is empty.</summary>
    [Url]
    public string? OtlpEndpoint { get; set; }

    /// <summary><c>grpc</c> (usually port 4317) or <c>http/protobuf</c> (4318; <c>/v1/traces</c> and <c>/v1/logs</c> are appended); empty: <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, else gRPC.</summary>
    [RegularExpression("^(|grpc|http/protobuf)$")]
    public string? OtlpProtocol { get; set; }

    /// <summary>Share of requests traced, 0 to 1; a caller's own decision (traceparent) goes before it.</summary>
    [Range(0.0, 1.0)]
    public double TraceRatio { get; set; } = 0.1;

    /// <summary>Series a single instrument may have; what is beyond is summed up under <c>otel_metric_overflow="true"</c>.</summary>
    [Range(10, 100_000)]
    public int SeriesPerInstrument { get; set; } = 2_000;
}
