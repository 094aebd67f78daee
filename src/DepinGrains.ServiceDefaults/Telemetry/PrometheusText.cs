using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace DepinGrains.ServiceDefaults.Telemetry;

/// <summary>
/// Writes what the OpenTelemetry SDK has collected in Prometheus' text format 0.0.4. Only because the exporter package is not to be had everywhere (DESIGN section 3); same names as it gives.
/// Source of the format: prometheus.io, "Exposition formats".
/// </summary>
public static class PrometheusText
{
    /// <summary>Content type of the page.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Appends all metrics. A name that two instruments share is written once, the first one's: two of them would make the whole page unreadable to a scraper.</summary>
    public static void Write(StringBuilder page, in Batch<Metric> metrics)
    {
        ArgumentNullException.ThrowIfNull(page);
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var metric in metrics)
        {
            var (type, counter) = Kind(metric.MetricType);
            var name = PrometheusNames.Metric(metric.Name, metric.Unit, counter, type == "gauge");
            if (type.Length == 0 || name.Length == 0 || !written.Add(name))
            {
                continue;
            }

            page.Append("# HELP ").Append(name).Append(' ');
            AppendEscaped(page, metric.Description.Length > 0 ? metric.Description : metric.Name, quotes: false);
            page.Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                Point(page, name, metric.MetricType, point);
            }
        }
    }

    private static (string Type, bool Counter) Kind(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => ("counter", true),
        MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => ("gauge", false),
        MetricType.Histogram => ("histogram", false),
        _ => ("", false),
    };

    private static void Point(StringBuilder page, string name, MetricType type, in MetricPoint point)
    {
        switch (type)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                Line(page, name, "", point.Tags, null, point.GetSumLong());
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                Line(page, name, "", point.Tags, null, point.GetSumDouble());
                break;
            case MetricType.LongGauge:
                Line(page, name, "", point.Tags, null, point.GetGaugeLastValueLong());
                break;
            case MetricType.DoubleGauge:
                Line(page, name, "", point.Tags, null, point.GetGaugeLastValueDouble());
                break;
            default:
                Histogram(page, name, point);
                break;
        }
    }

    private static void Histogram(StringBuilder page, string name, in MetricPoint point)
    {
        // The SDK counts each bucket for itself, Prometheus' are cumulative.
        var sum = 0L;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            sum += bucket.BucketCount;
            Line(page, name, "_bucket", point.Tags, Number(bucket.ExplicitBound), sum);
        }

        Line(page, name, "_sum", point.Tags, null, point.GetHistogramSum());
        Line(page, name, "_count", point.Tags, null, point.GetHistogramCount());
    }

    private static void Line(StringBuilder page, string name, string suffix, in ReadOnlyTagCollection tags, string? bound, double value)
    {
        page.Append(name).Append(suffix);
        var open = false;
        foreach (var (key, tag) in tags)
        {
            page.Append(open ? ',' : '{').Append(PrometheusNames.Label(key)).Append("=\"");
            AppendEscaped(page, Text(tag), quotes: true);
            page.Append('"');
            open = true;
        }

        if (bound is not null)
        {
            page.Append(open ? ',' : '{').Append("le=\"").Append(bound).Append('"');
            open = true;
        }

        page.Append(open ? "} " : " ").Append(Number(value)).Append('\n');
    }

    private static string Text(object? tag) => tag switch
    {
        null => "",
        bool value => value ? "true" : "false",
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        _ => tag.ToString() ?? "",
    };

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private static void AppendEscaped(StringBuilder page, string text, bool quotes)
    {
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' => page.Append("\\\\"),
                '\n' => page.Append("\\n"),
                '"' when quotes => page.Append("\\\""),
                _ => page.Append(c),
            };
        }
    }
}
