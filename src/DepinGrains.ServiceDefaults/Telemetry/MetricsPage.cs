using System.Text;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace DepinGrains.ServiceDefaults.Telemetry;

/// <summary>The process's metrics for a scraper: what <c>/metrics</c> on the management port answers.</summary>
public sealed class MetricsPage : IDisposable
{
    /// <summary>Bucket bounds of durations, in seconds: a commit is tenths of a millisecond, a slow request seconds.</summary>
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    /// <summary>Bucket bounds of counts.</summary>
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

    private readonly Lock _lock = new();
    private readonly StringBuilder _page = new();
    private readonly Exporter _exporter;
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;

    /// <summary>Begins to listen; only what happens from now on is counted.</summary>
    public MetricsPage(IOptions<TelemetryOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _exporter = new Exporter(_page);
        _reader = new BaseExportingMetricReader(_exporter);
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter("DepinGrains.*", "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting", "System.Runtime", "Npgsql")
            .AddView(instrument => View(instrument, options.Value.SeriesPerInstrument))
            .AddReader(_reader)
            .Build();
    }

    /// <summary>Collects and writes the page, in Prometheus' text format. One at a time.</summary>
    public string Collect()
    {
        lock (_lock)
        {
            _page.Clear();
            _exporter.Collect!(10_000);
            return _page.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _reader.Dispose();
        _exporter.Dispose();
    }

    private static MetricStreamConfiguration? View(System.Diagnostics.Metrics.Instrument instrument, int series)
    {
        var type = instrument.GetType();
        if (instrument is System.Diagnostics.Metrics.Histogram<double> { Advice.HistogramBucketBoundaries: not null })
        {
            // The instrument knows best; named here they would be overridden.
            return new MetricStreamConfiguration { CardinalityLimit = series };
        }

        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(System.Diagnostics.Metrics.Histogram<>)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = instrument.Unit == "s" ? Seconds : Counts, CardinalityLimit = series, RecordMinMax = false }
            : new MetricStreamConfiguration { CardinalityLimit = series };
    }

    [ExportModes(ExportModes.Pull)]
    private sealed class Exporter(StringBuilder page) : BaseExporter<Metric>, IPullMetricExporter
    {
        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            PrometheusText.Write(page, batch);
            return ExportResult.Success;
        }
    }
}
