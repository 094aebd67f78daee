using System.Text;

namespace DepinGrains.ServiceDefaults.Telemetry;

/// <summary>
/// Names of OpenTelemetry instruments as Prometheus writes them: dots become underscores, the unit is a suffix in full (<c>seconds</c>, <c>bytes</c>), counters end in <c>_total</c>, annotations in braces vanish.
/// Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility", section on metric metadata.
/// </summary>
public static class PrometheusNames
{
    /// <summary>The name of a metric; <paramref name="gauge"/> matters for the unit 1, <paramref name="counter"/> for the suffix.</summary>
    public static string Metric(string instrument, string? unit, bool counter, bool gauge)
    {
        ArgumentNullException.ThrowIfNull(instrument);
        var name = Sanitized(instrument, colons: true);
        var suffix = Unit(unit, gauge);
        if (counter && name.EndsWith("_total", StringComparison.Ordinal))
        {
            name = name[..^6];
        }

        if (suffix.Length > 0 && !name.EndsWith("_" + suffix, StringComparison.Ordinal))
        {
            name += "_" + suffix;
        }

        return counter ? name + "_total" : name;
    }

    /// <summary>The name of a label.</summary>
    public static string Label(string key) => Sanitized(key, colons: false);

    private static string Unit(string? unit, bool gauge) => unit switch
    {
        null or "" => "",
        ['{', ..] => "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "min" => "minutes",
        "h" => "hours",
        "d" => "days",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "1" => gauge ? "ratio" : "",
        "%" => "percent",
        _ => Sanitized(unit, colons: false),
    };

    private static string Sanitized(string text, bool colons)
    {
        var name = new StringBuilder(text.Length + 1);
        foreach (var c in text)
        {
            var legal = char.IsAsciiLetterOrDigit(c) || (colons && c == ':');
            if (legal)
            {
                if (name.Length == 0 && char.IsAsciiDigit(c))
                {
                    name.Append('_');
                }

                name.Append(c);
            }
            else if (name.Length > 0 && name[^1] != '_')
            {
                // Several illegal characters in a row are one underscore, none stands in front.
                name.Append('_');
            }
        }

        return name.ToString().TrimEnd('_');
    }
}
