using DepinGrains.Monitoring.Tests.Grafana;

namespace DepinGrains.Monitoring.Tests;

/// <summary>The alerts, by Prometheus' own tool: they parse, fire when they must and only then.</summary>
public sealed class AlertTests
{
    private const string Copy = "k8s/monitoring/prometheus-rule.yaml";

    [Fact]
    public async Task Rules_AreValid()
    {
        Files.Need(File.Exists(Files.Promtool), "promtool (Debian's package prometheus)");
        var (code, output, error) = await Command.RunAsync(Files.Promtool, "check", "rules", Files.Alerts);
        Assert.True(code == 0, output + error);
    }

    [Fact]
    public async Task EveryPanelsQuery_IsPromQL()
    {
        Files.Need(File.Exists(Files.Promtool), "promtool (Debian's package prometheus)");
        var file = Path.GetTempFileName();
        try
        {
            var rules = PanelQuery.All().Select(static (q, i) => $"  - {{ record: 'check:p{i}', expr: {System.Text.Json.JsonSerializer.Serialize(q.Filled("1m"))} }}");
            await File.WriteAllTextAsync(file, "groups:\n- name: panels\n  rules:\n" + string.Join('\n', rules) + "\n");
            var (code, output, error) = await Command.RunAsync(Files.Promtool, "check", "rules", file);
            Assert.True(code == 0, output + error);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>alerts.test.yaml on the rules without their annotations, whose texts it would have to repeat.</summary>
    [Fact]
    public async Task Rules_FireWhenTheyMust_AndOnlyThen()
    {
        Files.Need(File.Exists(Files.Promtool), "promtool (Debian's package prometheus)");
        var (code, output) = await TryAsync(static rules => rules);
        Assert.True(code == 0, output);
    }

    /// <summary>The cases are worth something: with a rule's threshold out of reach, or always reached, one of them fails.</summary>
    [Theory]
    [InlineData("depin_store_waiting) > 5000", "depin_store_waiting) > 500000")]
    [InlineData("depin_store_waiting) > 5000", "depin_store_waiting) > 5")]
    public async Task Cases_SeeARuleThatIsWrong(string right, string wrong)
    {
        Files.Need(File.Exists(Files.Promtool), "promtool (Debian's package prometheus)");
        Assert.NotEqual(0, (await TryAsync(rules => rules.Replace(right, wrong, StringComparison.Ordinal))).Code);
    }

    [Fact]
    public async Task EveryRule_HasASeverity_ARunbook_AndACaseOfEachKind()
    {
        var cases = await File.ReadAllTextAsync(Files.AlertTests);
        var rules = AlertRule.All();
        Assert.InRange(rules.Count, 15, 100);
        Assert.Equal(rules.Count, rules.Select(static r => r.Name).Distinct().Count());
        Assert.All(rules, r =>
        {
            Assert.Contains(r.Severity, (string[])["critical", "warning"]);
            Assert.InRange(r.Runbook.Length, 40, 600);
            Assert.InRange(r.Summary.Length, 10, 200);
            Assert.Contains($"name: {r.Name} fires\n", cases, StringComparison.Ordinal);
            Assert.Contains($"name: {r.Name} does not\n", cases, StringComparison.Ordinal);
        });
    }

    /// <summary>The Prometheus operator's rules are made of the one source; eng/accept writes them.</summary>
    [Fact]
    public async Task PrometheusRule_IsTheOneWrittenDown()
    {
        var groups = (await File.ReadAllLinesAsync(Files.Alerts)).SkipWhile(static l => l != "groups:").Select(static l => l.Length == 0 ? "" : "  " + l);
        var wanted = """
            # For clusters with the Prometheus operator. Made of grafana/prometheus/alerts.yaml by eng/accept.
            apiVersion: monitoring.coreos.com/v1
            kind: PrometheusRule
            metadata:
              name: depin
              labels:
                app.kubernetes.io/part-of: depin
            spec:

            """ + string.Join('\n', groups) + "\n";
        var file = Files.At(Copy.Split('/'));
        if (Environment.GetEnvironmentVariable("DEPIN_ACCEPT") == "1")
        {
            await File.WriteAllTextAsync(file, wanted);
        }

        Assert.True(wanted == await File.ReadAllTextAsync(file), $"{Copy} is not what grafana/prometheus/alerts.yaml makes: run eng/accept");
    }

    private static async Task<(int Code, string Output)> TryAsync(Func<string, string> change)
    {
        var folder = Directory.CreateTempSubdirectory("depin-alerts-").FullName;
        try
        {
            var (bare, inAnnotations) = (new List<string>(), false);
            foreach (var line in await File.ReadAllLinesAsync(Files.Alerts))
            {
                inAnnotations = line == "        annotations:" || (inAnnotations && line.StartsWith("          ", StringComparison.Ordinal));
                if (!inAnnotations)
                {
                    bare.Add(line);
                }
            }

            await File.WriteAllTextAsync(Path.Combine(folder, "alerts.yaml"), change(string.Join('\n', bare)));
            File.Copy(Files.AlertTests, Path.Combine(folder, "alerts.test.yaml"));
            var (code, output, error) = await Command.RunAsync(Files.Promtool, "test", "rules", Path.Combine(folder, "alerts.test.yaml"));
            return (code, output + error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
