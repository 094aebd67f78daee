using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DepinGrains.Monitoring.Tests.Grafana;

/// <summary>One PromQL of one panel.</summary>
internal sealed partial record PanelQuery(string Dashboard, string Panel, string Expr)
{
    /// <summary>With Grafana's variables filled in: every instance, and a window that a short test fills.</summary>
    public string Filled(string window) => Variable().Replace(Expr.Replace("$__rate_interval", window, StringComparison.Ordinal).Replace("$__range", window, StringComparison.Ordinal), ".*");

    public override string ToString() => $"{Dashboard}: {Panel}: {Expr}";

    /// <summary>All of all dashboards.</summary>
    public static IEnumerable<PanelQuery> All() => Files.Dashboards.SelectMany(static file =>
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(file))!;
        return Panels(dashboard).SelectMany(p => (p["targets"]?.AsArray() ?? []).Select(t => new PanelQuery(Path.GetFileNameWithoutExtension(file), (string)p["title"]!, (string)t!["expr"]!)));
    });

    /// <summary>The queries that fill the dashboards' variables.</summary>
    public static IEnumerable<string> Variables() => Files.Dashboards.SelectMany(static file =>
        JsonNode.Parse(File.ReadAllText(file))!["templating"]!["list"]!.AsArray().Where(static v => (string?)v!["type"] == "query").Select(static v => (string)v!["query"]!));

    /// <summary>The panels of a dashboard, those in closed rows included.</summary>
    public static IEnumerable<JsonNode> Panels(JsonNode dashboard) =>
        (dashboard["panels"]?.AsArray() ?? []).SelectMany(static p => (string?)p!["type"] == "row" ? p["panels"]?.AsArray().Select(static i => i!) ?? [] : [p]);

    [GeneratedRegex(@"\$\{\w+(:\w+)?\}|\$\w+")]
    private static partial Regex Variable();
}
