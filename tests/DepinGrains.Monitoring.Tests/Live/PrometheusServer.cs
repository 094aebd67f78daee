using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Monitoring.Tests.Grafana;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Monitoring.Tests.Live;

/// <summary>A real Prometheus that scrapes every two seconds, so that a busy host has that long to answer, and evaluates the alerts every second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-prometheus-").FullName;
    private readonly HttpClient _http;
    private readonly Process _process;
    private readonly Task<string> _log;

    private PrometheusServer(IEnumerable<(string Job, string Target)> targets)
    {
        var jobs = targets.GroupBy(static t => t.Job).Select(static g => $"  - job_name: {g.Key}\n    static_configs: [{{ targets: [{string.Join(", ", g.Select(static t => $"'{t.Target}'"))}] }}]");
        var config = $"global: {{ scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }}\nrule_files: ['{Files.Alerts}']\nscrape_configs:\n{string.Join('\n', jobs)}\n";
        File.WriteAllText(Path.Combine(_folder, "prometheus.yml"), config);
        var address = $"127.0.0.1:{Ports.Free()}";
        _http = new HttpClient { BaseAddress = new Uri("http://" + address), Timeout = TimeSpan.FromSeconds(20) };
        _process = Process.Start(new ProcessStartInfo(
            Files.Prometheus, [$"--config.file={_folder}/prometheus.yml", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address={address}", "--log.level=warn"]) { RedirectStandardError = true })!;
        _log = _process.StandardError.ReadToEndAsync();
    }

    public static async Task<PrometheusServer> StartAsync(params IEnumerable<(string Job, string Target)> targets)
    {
        var server = new PrometheusServer(targets);
        await Programs.EventuallyAsync("Prometheus is ready", async () =>
        {
            Assert.False(server._process.HasExited, server._process.HasExited ? await server._log : "");
            return (await server._http.GetAsync("/-/ready")).IsSuccessStatusCode ? "yes" : null;
        });
        return server;
    }

    /// <summary>Values of an instant query. Throws when it is no PromQL.</summary>
    public async Task<IReadOnlyList<(JsonNode Labels, double Value)>> QueryAsync(string expr)
    {
        var answer = JsonNode.Parse(await _http.GetStringAsync("/api/v1/query?query=" + Uri.EscapeDataString(expr)))!;
        return [.. answer["data"]!["result"]!.AsArray().Select(static r => (r!["metric"]!, Number((string)r["value"]![1]!)))];
    }

    /// <summary>Alerts whose evaluation failed, with the reason.</summary>
    public async Task<IReadOnlyList<string>> BrokenRulesAsync()
    {
        var answer = JsonNode.Parse(await _http.GetStringAsync("/api/v1/rules"))!;
        var rules = answer["data"]!["groups"]!.AsArray().SelectMany(static g => g!["rules"]!.AsArray()).ToArray();
        Assert.Equal(AlertRule.All().Count, rules.Length);
        return [.. rules.Where(static r => (string?)r!["health"] == "err").Select(static r => $"{(string?)r!["name"]}: {(string?)r["lastError"]}")];
    }

    /// <summary>Why a target could not be read, one line each.</summary>
    public async Task<string> TargetErrorsAsync()
    {
        var answer = JsonNode.Parse(await _http.GetStringAsync("/api/v1/targets"))!;
        return string.Join('\n', answer["data"]!["activeTargets"]!.AsArray().Where(static t => (string?)t!["health"] != "up").Select(static t => $"{t!["scrapeUrl"]}: {t["lastError"]}"));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
