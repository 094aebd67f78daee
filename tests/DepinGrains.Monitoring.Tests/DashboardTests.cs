using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DepinGrains.Monitoring.Tests.Grafana;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Monitoring.Tests;

/// <summary>
/// Dashboards without a Grafana, which is not to be had here: against its published schemas (read from <c>../shared/ops/js</c>), and by rules of our own. That a picture looks right, no test says.
/// </summary>
public sealed partial class DashboardTests
{
    public static TheoryData<string> Dashboards => [.. Files.Dashboards.Select(static f => Path.GetFileName(f))];

    [Theory, MemberData(nameof(Dashboards))]
    public async Task Dashboard_IsValid(string name)
    {
        var (code, output) = await CheckAsync(Files.At("grafana", "dashboards", name));
        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData("\"gridPos\"", "\"gridpos\"")]
    [InlineData("\"drawStyle\": \"line\"", "\"drawStyle\": \"lines\"")]
    [InlineData("\"legendFormat\"", "\"legend\"")]
    [InlineData("\"mode\": \"absolute\"", "\"mode\": \"absolut\"")]
    [InlineData("\"type\": \"timeseries\"", "\"type\": \"timeserie\"")]
    public async Task Checker_SeesAMistake(string right, string wrong)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("depin-grafana-").FullName, "wrong.json");
        try
        {
            var text = await File.ReadAllTextAsync(Files.At("grafana", "dashboards", "depin-market.json"));
            Assert.Contains(right, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, text.Replace(right, wrong, StringComparison.Ordinal));
            Assert.Equal(1, (await CheckAsync(file)).Code);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [Theory, MemberData(nameof(Dashboards))]
    public void EveryPanel_SaysWhatItIs_StandsOnTheGrid_AndAsksTheChosenSource(string name)
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(Files.At("grafana", "dashboards", name)))!;
        Assert.Equal(Path.GetFileNameWithoutExtension(name), (string?)dashboard["uid"]);
        var panels = PanelQuery.Panels(dashboard).ToArray();
        Assert.NotEmpty(panels);
        Assert.All(panels, static p =>
        {
            Assert.False(string.IsNullOrWhiteSpace((string?)p["description"]), (string?)p["title"]);
            Assert.Equal("${datasource}", (string?)p["datasource"]!["uid"]);
            Assert.All(p["targets"]!.AsArray(), static t => Assert.Equal("${datasource}", (string?)t!["datasource"]!["uid"]));
            Assert.InRange((int)p["gridPos"]!["x"]! + (int)p["gridPos"]!["w"]!, 1, 24);
        });
        var all = dashboard["panels"]!.AsArray();
        Assert.Equal(all.Count, all.Select(static p => (int)p!["id"]!).Distinct().Count());
        Assert.Equal(all.Count, all.Select(static p => (string)p!["title"]! + p["gridPos"]!["y"]).Distinct().Count());
        var places = all.SelectMany(static p => Cells(p!["gridPos"]!)).ToArray();
        Assert.Equal(places.Length, places.Distinct().Count());
    }

    /// <summary>Every metric of ours that is asked for is one that the source makes.</summary>
    [Fact]
    public void EveryMetric_IsMadeBySomebody()
    {
        var made = Directory.EnumerateFiles(Files.At("src"), "*.cs", SearchOption.AllDirectories)
            .Where(static f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(static f => Instrument().Matches(File.ReadAllText(f)).Select(static m => m.Groups[1].Value.Replace('.', '_'))).Append("depin_market_deployments").Append("depin_market_orders").Append("depin_market_bids").ToHashSet(StringComparer.Ordinal);
        var asked = PanelQuery.All().Select(static q => q.Expr).Concat(AlertRule.All().Select(static r => r.Expr)).SelectMany(static e => Metric().Matches(e).Select(static m => m.Value)).Distinct().ToArray();
        Assert.InRange(asked.Length, 30, 500);
        Assert.DoesNotContain(asked, a => !made.Any(m => a.StartsWith(m, StringComparison.Ordinal) && Suffix().IsMatch(a[m.Length..])));
    }

    /// <summary>Metrics that other programs have too are ours by their job; a Prometheus is rarely ours alone.</summary>
    [Fact]
    public void MetricsThatOthersHaveToo_AreAskedOfOurJobsOnly()
    {
        var expressions = PanelQuery.All().Select(static q => q.Expr).Concat(AlertRule.All().Select(static r => r.Expr)).Concat(PanelQuery.Variables());
        var foreign = expressions.SelectMany(static e => Foreign().Matches(e).Select(m => (Expr: e, Selector: m.Value))).ToArray();
        Assert.InRange(foreign.Length, 20, 500);
        Assert.DoesNotContain(foreign, static f => !f.Selector.Contains("{job=~\"depin", StringComparison.Ordinal));
    }

    /// <summary>What every silo tells alike must not be added up over silos.</summary>
    [Fact]
    public void GaugesOfTheMarket_AreNeverSummedOverProcesses()
    {
        string[] gauges = ["depin_nodes", "depin_capacity_", "depin_leases", "depin_deployments", "depin_orders", "depin_ledger_supply", "depin_oracle_price", "depin_sweep_overdue", "depin_subnets", "depin_subnet_uids"];
        var expressions = PanelQuery.All().Select(static q => q.Expr).Concat(AlertRule.All().Select(static r => r.Expr));
        var summed = expressions.SelectMany(e => gauges.SelectMany(g => Regex.Matches(e, @"\b" + g).Where(m => !OneOfAll().IsMatch(e[..m.Index])).Select(m => $"{g} in {e}"))).ToArray();
        Assert.Empty(summed);
    }

    private static IEnumerable<(int X, int Y)> Cells(JsonNode grid) =>
        from x in Enumerable.Range((int)grid["x"]!, (int)grid["w"]!) from y in Enumerable.Range((int)grid["y"]!, (int)grid["h"]!) select (x, y);

    private static async Task<(int Code, string Output)> CheckAsync(string file)
    {
        var tool = Files.At("tests", "tools", "grafana");
        var schemas = Files.Shared("ops", "js");
        Files.Need(schemas is not null, "Grafana's schemas in ../shared/ops/js");
        Files.Need(Directory.Exists(Path.Combine(tool, "node_modules", "ajv")), "node, and npm ci in tests/tools/grafana");
        var (code, output, error) = await Command.RunAsync("node", Path.Combine(tool, "validate-grafana.mjs"), schemas!, file);
        Assert.True(error.Length == 0, error);
        return (code, output);
    }

    [GeneratedRegex("\"(depin\\.[a-z_.]+)\"")]
    private static partial Regex Instrument();

    // Not labels, whose names begin alike.
    [GeneratedRegex(@"\b(?:up|(?:http_server|kestrel|dotnet|orleans|db_client)_\w+(?<!_state|_name|_generation))\b(?:\{[^}]*\})?")]
    private static partial Regex Foreign();

    [GeneratedRegex(@"\bdepin_\w+")]
    private static partial Regex Metric();

    [GeneratedRegex(@"^(_seconds|_bytes)?(_total|_bucket|_sum|_count)?$")]
    private static partial Regex Suffix();

    [GeneratedRegex(@"(?:max|min)(?: by \([^)]*\))? ?\($|absent\($")]
    private static partial Regex OneOfAll();
}
