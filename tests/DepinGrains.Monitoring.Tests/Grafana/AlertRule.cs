using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace DepinGrains.Monitoring.Tests.Grafana;

/// <summary>One alert, as an operator is given it.</summary>
internal sealed partial record AlertRule(string Name, string Expr, string Severity, string Summary, string Runbook)
{
    /// <summary>Values that a healthy network does not have: what is left of the selector must exist.</summary>
    private static readonly string[] Unhealthy = ["http_response_status_code", "http_route=\"\""];

    public static IReadOnlyList<AlertRule> All()
    {
        var root = new Deserializer().Deserialize<Dictionary<string, List<Dictionary<string, object>>>>(File.ReadAllText(Files.Alerts));
        return [.. root["groups"].SelectMany(static g => (List<object>)g["rules"]).Cast<Dictionary<object, object>>().Select(Read)];
    }

    /// <summary>What the rule looks at: every selector in it, without its window and without the labels that only a sick network has.</summary>
    public IEnumerable<string> Selectors() => Selector().Matches(Expr).Select(static m => m.Groups[1].Value + Inner(m.Groups[2].Value)).Distinct();

    private static string Inner(string matchers) => matchers.Length == 0
        ? ""
        : "{" + string.Join(',', matchers[1..^1].Split(',').Where(static m => !Unhealthy.Any(u => m.StartsWith(u, StringComparison.Ordinal)))) + "}";

    private static AlertRule Read(Dictionary<object, object> rule)
    {
        string Of(string map, string key) => (string)((Dictionary<object, object>)rule[map])[key];
        return new((string)rule["alert"], (string)rule["expr"], Of("labels", "severity"), Of("annotations", "summary"), Of("annotations", "runbook"));
    }

    [GeneratedRegex(@"\b((?:up|depin_\w+|http_\w+|dotnet_\w+|orleans_\w+))\b(\{[^}]*\})?")]
    private static partial Regex Selector();
}
