using System.Text.RegularExpressions;
using DepinGrains.Gateway.Tests.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Telemetry;

/// <summary>Alerts leave out routes by their templates, as metrics name them: the ones meant, and no other.</summary>
public sealed partial class AlertRouteTests
{
    [Fact]
    public async Task SlowRequests_AreLookedForEverywhereButWhereTheyLastOnPurpose()
    {
        await using var host = await FullHost.StartAsync();
        string[] routes = [.. host.Services.GetServices<EndpointDataSource>().SelectMany(static s => s.Endpoints).OfType<RouteEndpoint>().Select(static e => e.RoutePattern.RawText!).Distinct()];
        string[] wanted =
        [
            "/v1/agent", "/v1/events", "/v1/leases/{owner}/{dseq}/{gseq:int}/{oseq:int}/{provider}/logs", "/v1/leases/{owner}/{dseq}/{gseq:int}/{oseq:int}/{provider}/shell",
            "/v1/network/export/accounts", "/v1/network/export/bids", "/v1/network/export/events", "/v1/network/export/journal", "/v1/network/export/leases",
            "/v1/openai/chat/completions", "/v1/openai/completions", "/v1/openai/embeddings", "/v1/openai/images/generations", "/v1/openai/models", "/v1/openai/models/{model}",
            "/v1/orders/feed", "/v1/subnets/{netuid:int}/neurons/{uid:int}/tunnel",
        ];
        Assert.Equal(wanted.Order(StringComparer.Ordinal), LeftOut("DepinApiSlow", routes));
        Assert.Equal(wanted.Where(static r => r.Contains("/openai/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), LeftOut("DepinApiErrors", routes));
    }

    private static IEnumerable<string> LeftOut(string alert, string[] routes)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder.FullName, "grafana")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("no grafana/ above the tests' output");
        }

        var rule = File.ReadAllText(Path.Combine(folder.FullName, "grafana", "prometheus", "alerts.yaml")).Split("- alert: ").Single(r => r.StartsWith(alert + "\n", StringComparison.Ordinal));
        var left = new Regex("^(?:" + Without().Match(rule).Groups[1].Value + ")$");
        return routes.Where(r => left.IsMatch(r)).Order(StringComparer.Ordinal);
    }

    [GeneratedRegex("http_route!~\"([^\"]+)\"")]
    private static partial Regex Without();
}
