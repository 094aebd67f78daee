using System.Diagnostics;
using DepinGrains.Monitoring.Tests.Grafana;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Monitoring.Tests.Live;

/// <summary>Holds dashboards and alerts to what a real Prometheus has scraped.</summary>
internal static class ScrapeCheck
{
    private const string Window = "90s";

    /// <summary>
    /// Every panel's query gives at least one number, every alert's evaluation works and what it looks at is there; waits for it while <paramref name="load"/> lasts, at most <paramref name="seconds"/>. <paramref name="excused"/>: words of
    /// metrics that these hosts cannot have; a query that names one is left out.
    /// </summary>
    public static async Task EverythingHasDataAsync(PrometheusServer prometheus, Task load, int seconds, params string[] excused)
    {
        bool Excused(string expr) => excused.Any(e => expr.Contains(e, StringComparison.Ordinal));
        var open = PanelQuery.All().Where(q => !Excused(q.Expr)).Select(static q => (Name: q.ToString(), Expr: q.Filled(Window)))
            .Concat(AlertRule.All().SelectMany(static r => r.Selectors().Select(s => (Name: $"alert {r.Name}: {s}", Expr: s))).Where(q => !Excused(q.Expr))).ToList();
        Assert.InRange(open.Count, 100, 1_000);
        for (var watch = Stopwatch.StartNew(); ;)
        {
            if (load.IsCompleted)
            {
                await load;
                Assert.Fail("the load ended before its traces were looked for");
            }

            var without = new List<(string Name, string Expr)>();
            foreach (var query in open)
            {
                if (!(await prometheus.QueryAsync(query.Expr)).Any(static r => double.IsFinite(r.Value)))
                {
                    without.Add(query);
                }
            }

            if (without.Count == 0)
            {
                break;
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds), $"no data after {seconds} s:\n{string.Join('\n', without.Select(static q => q.Name))}\n{await prometheus.TargetErrorsAsync()}");
            open = without;
            await Eventually.PauseAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(await prometheus.BrokenRulesAsync());
    }
}
