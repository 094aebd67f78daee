using System.Diagnostics;
using System.Diagnostics.Metrics;
using DepinGrains.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace DepinGrains.Telemetry.Tests.Prometheus;

public sealed class MetricsPageTests : IDisposable
{
    private readonly string _name = "DepinGrains.T" + Guid.NewGuid().ToString("N");
    private readonly Meter _meter;
    private readonly MetricsPage _page = new(Options.Create(new TelemetryOptions { SeriesPerInstrument = 20 }));

    public MetricsPageTests() => _meter = new Meter(_name);

    public void Dispose()
    {
        _page.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_histogram_has_cumulative_buckets_a_sum_and_a_count()
    {
        var histogram = _meter.CreateHistogram<double>("t.took", "s", "How long");
        foreach (var value in (double[])[0.0004, 0.003, 0.004, 100])
        {
            histogram.Record(value, new KeyValuePair<string, object?>("what", "x"));
        }

        var lines = Lines("t_took_seconds");
        Assert.Contains("# TYPE t_took_seconds histogram", lines);
        Assert.Contains("t_took_seconds_bucket{what=\"x\",le=\"0.0005\"} 1", lines);
        Assert.Contains("t_took_seconds_bucket{what=\"x\",le=\"0.0025\"} 1", lines);
        Assert.Contains("t_took_seconds_bucket{what=\"x\",le=\"0.005\"} 3", lines);
        Assert.Contains("t_took_seconds_bucket{what=\"x\",le=\"60\"} 3", lines);
        Assert.Contains("t_took_seconds_bucket{what=\"x\",le=\"+Inf\"} 4", lines);
        Assert.Contains("t_took_seconds_count{what=\"x\"} 4", lines);
        Assert.StartsWith("t_took_seconds_sum{what=\"x\"} 100.00", lines.Single(l => l.Contains("_sum")));
    }

    [Fact]
    public void Counters_go_up_from_scrape_to_scrape_and_gauges_say_what_is()
    {
        var counter = _meter.CreateCounter<long>("t.done", "{thing}", "Things done");
        var level = 3.5;
        _meter.CreateObservableGauge("t.level", () => level, "By", "Level");
        counter.Add(2);
        Assert.Contains("t_done_total 2", Lines("t_done"));
        counter.Add(5);
        level = -1;
        Assert.Contains("t_done_total 7", Lines("t_done"));
        Assert.Contains("t_level_bytes -1", Lines("t_level"));
    }

    [Fact]
    public void A_hostile_label_cannot_write_a_line_of_its_own()
    {
        _meter.CreateCounter<long>("t.hostile").Add(1, new KeyValuePair<string, object?>("who", "a\"} 5\nevil 1\\"));
        Assert.Contains("t_hostile_total{who=\"a\\\"} 5\\nevil 1\\\\\"} 1", Lines("t_hostile"));
        Assert.DoesNotContain(_page.Collect().Split('\n'), static l => l.StartsWith("evil", StringComparison.Ordinal));
    }

    [Fact]
    public void An_instrument_with_ever_new_label_values_stays_bounded()
    {
        var counter = _meter.CreateCounter<long>("t.many");
        for (var i = 0; i < 1_000; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        }

        var lines = Lines("t_many_total").Where(static l => !l.StartsWith('#')).ToList();
        Assert.InRange(lines.Count, 2, 21);
        Assert.Equal(1_000, lines.Sum(static l => int.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Two_instruments_of_one_name_do_not_spoil_the_page()
    {
        using var other = new Meter(_name + ".Other");
        _meter.CreateCounter<long>("t.same").Add(1);
        other.CreateCounter<long>("t.same").Add(1);
        Assert.Single(Lines("t_same"), static l => l.StartsWith("# TYPE", StringComparison.Ordinal));
        Assert.Single(Lines("t_same"), static l => !l.StartsWith('#'));
    }

    [Fact]
    public async Task Prometheus_own_checker_takes_the_page()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/promtool"), "skipped: needs promtool (Debian's package prometheus)");
        _meter.CreateCounter<long>("t.done", "{thing}", "Things done").Add(1, new KeyValuePair<string, object?>("why", "a\"b\\c\nd"));
        _meter.CreateHistogram<double>("t.took", "s", "How long").Record(0.2);
        _meter.CreateObservableGauge("t.level", () => double.NaN, "By", "Level");
        using var promtool = Process.Start(new ProcessStartInfo("/usr/bin/promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        // Not the runtime's own: promtool dislikes names such as dotnet_assembly_count.
        await promtool.StandardInput.WriteAsync(string.Join('\n', Lines("t_").Where(static l => l.Replace("# HELP ", "", StringComparison.Ordinal).Replace("# TYPE ", "", StringComparison.Ordinal).StartsWith("t_", StringComparison.Ordinal))) + "\n");
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.True(promtool.ExitCode == 0, said);
    }

    private List<string> Lines(string containing) => [.. _page.Collect().Split('\n').Where(l => l.Contains(containing, StringComparison.Ordinal))];
}
