using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.Testing;

namespace DepinGrains.Gateway.Tests.Exports;

/// <summary>What operators can take out of a network with a lease, a bid, transfers and events: it adds up, goes on from any line, and holds no tenant's secret.</summary>
public sealed class ExportTests
{
    private const string Canary = "canary-7f3a9c51";
    private static readonly string[] Kinds = ["accounts", "journal", "leases", "bids", "events"];

    private static readonly Dictionary<string, string?> Quick = new() { ["Deployments:BidWindow"] = "00:00:01", ["Deployments:RescreenEvery"] = "00:00:01", ["Network:BlockTime"] = "01:00:00" };

    [Fact]
    public Task OnSqlite_LinesAddUp_GoOnFromAnyLine_AndHoldNoSecret() => RunAsync(null);

    [Fact]
    public async Task OnPostgreSql_LinesAddUp_GoOnFromAnyLine_AndHoldNoSecret()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await RunAsync(await (await PostgresCluster.SharedAsync()).NewDatabaseAsync());
    }

    private static async Task RunAsync(string? postgres)
    {
        using var op = SigningKey.Generate();
        await using var host = await FullHost.StartAsync(postgres, new(Quick) { ["Identities:OperatorKeys:0"] = op.KeyId });
        await host.RegisterAsync(op, "operator");
        var sdl = (await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"))).Replace("    expose:", $"    env:\n      - PASSWORD={Canary}\n    expose:", StringComparison.Ordinal);
        await using var scene = await LeaseScene.SetAsync(host, sdl);
        using var paid = await host.SendAsync(scene.TenantKey, HttpMethod.Post, "/v1/ledgers/uact/transfers", $$"""{"to":"{{scene.Seller}}","amount":12345,"memo":"thanks"}""");
        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
        using var tooMuch = await host.SendAsync(scene.TenantKey, HttpMethod.Post, "/v1/ledgers/uakt/transfers", $$"""{"to":"{{scene.Seller}}","amount":1}""");
        Assert.False(tooMuch.IsSuccessStatusCode);

        var all = new Dictionary<string, JsonNode[]>();
        foreach (var kind in Kinds)
        {
            all[kind] = await LinesAsync(host, op, kind, "");
            Assert.NotEmpty(all[kind]);
        }

        await MoneyAsync(host, scene, all["accounts"], all["journal"]);
        Market(scene, all["leases"], all["bids"], all["events"]);
        Assert.DoesNotContain(Canary, string.Join('\n', all.Values.SelectMany(static l => l).Select(static l => l.ToJsonString())), StringComparison.Ordinal);
        foreach (var kind in Kinds)
        {
            await GoesOnAsync(host, op, kind, all[kind]);
        }

        await RefusedAsync(host, op, scene);
    }

    private static async Task MoneyAsync(FullHost host, LeaseScene scene, JsonNode[] accounts, JsonNode[] journal)
    {
        Assert.Contains(accounts, static a => (string)a["ledger"]! == "uact");
        Assert.All(accounts.GroupBy(static a => (string)a["ledger"]!), static ledger => Assert.Equal(0, ledger.Sum(static a => (long)a["balance"]!)));
        using var answer = await host.SendAsync(scene.SellerKey, HttpMethod.Get, "/v1/ledgers/uact/balance", null);
        var balance = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        var line = Assert.Single(accounts, a => (string)a["ledger"]! == "uact" && (string)a["account"]! == (string)balance["account"]!);
        Assert.Equal((long)balance["posted"]!, (long)line["balance"]!);

        // The journal tells the same: every account's last balance, every sum of its changes.
        Assert.All(journal, static o => Assert.Equal(0, o["entries"]!.AsArray().Sum(static e => (long)e!["delta"]!)));
        var told = journal.SelectMany(static o => o["entries"]!.AsArray().Select(e => (Ledger: (string)o["ledger"]!, Account: (string)e!["account"]!, Delta: (long)e["delta"]!)))
            .GroupBy(static e => (e.Ledger, e.Account)).ToDictionary(static g => g.Key, static g => g.Sum(static e => e.Delta));
        Assert.Equal(told.OrderBy(static t => t.Key), accounts.ToDictionary(static a => ((string)a["ledger"]!, (string)a["account"]!), static a => (long)a["balance"]!).OrderBy(static a => a.Key));
        Assert.Contains(journal, static o => (string?)o["memo"] == "thanks" && (string?)o["kind"] == "post");
        Assert.Contains(journal, static o => (string?)o["ledger"] == "uakt" && (string?)o["refused"] == "ledger.insufficient_funds" && o["entries"]!.AsArray().Count == 0);
        Assert.Contains(journal, static o => (string?)o["kind"] == "hold" && (long)o["held"]!["delta"]! > 0);
    }

    private static void Market(LeaseScene scene, JsonNode[] leases, JsonNode[] bids, JsonNode[] events)
    {
        var lease = Assert.Single(leases);
        Assert.Equal($"{scene.Deployment}/1/1/{scene.Seller}", (string?)lease["id"]);
        Assert.Equal(("active", 100L), ((string?)lease["status"], (long)lease["cpuMilli"]!));
        var bid = Assert.Single(bids);
        Assert.Equal(($"{scene.Deployment}/1/1", scene.Seller, "active"), ((string?)bid["order"], (string?)bid["provider"], (string?)bid["status"]));
        Assert.Equal((string?)lease["nodes"]![0], (string?)bid["nodes"]![0]);
        Assert.Contains(events, e => (string?)e["topic"] == "deployment/" + scene.Deployment && e["data"] is JsonObject);
        Assert.Equal(events.Select(static e => (long)e["position"]!).Order(), events.Select(static e => (long)e["position"]!));
    }

    /// <summary>Behind every line comes what came behind it before; a limit ends it early.</summary>
    private static async Task GoesOnAsync(FullHost host, SigningKey op, string kind, JsonNode[] all)
    {
        var keys = all.Select(static l => (string)l["cursor"]!).ToArray();
        Assert.Equal(keys.Length, keys.Distinct().Count());
        foreach (var at in (int[])[0, keys.Length / 2, keys.Length - 1])
        {
            var rest = await LinesAsync(host, op, kind, "?from=" + Uri.EscapeDataString(keys[at]));
            Assert.Equal(keys.Skip(at + 1), rest.Select(static l => (string)l["cursor"]!).Take(keys.Length - at - 1));
        }

        Assert.Equal(keys[0], (string?)Assert.Single(await LinesAsync(host, op, kind, "?limit=1"))["cursor"]);
    }

    private static async Task RefusedAsync(FullHost host, SigningKey op, LeaseScene scene)
    {
        foreach (var kind in Kinds)
        {
            using var tenant = await host.SendAsync(scene.TenantKey, HttpMethod.Get, "/v1/network/export/" + kind, null);
            await ProblemAssert.IsAsync(tenant, HttpStatusCode.Forbidden, IdentityError.RoleNotAllowed);
            using var nobody = await host.Client.GetAsync("/v1/network/export/" + kind);
            await ProblemAssert.IsAsync(nobody, HttpStatusCode.Unauthorized, RequestError.Unauthenticated);
            using var foreign = await host.SendAsync(op, HttpMethod.Get, $"/v1/network/export/{kind}?from=%00nonsense", null);
            await ProblemAssert.IsAsync(foreign, HttpStatusCode.BadRequest, RequestError.CursorInvalid);
        }

        using var unknown = await host.SendAsync(op, HttpMethod.Get, "/v1/network/export/accounts?ledger=none", null);
        await ProblemAssert.IsAsync(unknown, HttpStatusCode.NotFound, "ledger.token_unknown");
        using var future = await host.SendAsync(op, HttpMethod.Get, "/v1/network/export/events?from=999999999", null);
        await ProblemAssert.IsAsync(future, HttpStatusCode.Gone, "events.gone");
        Assert.All(await LinesAsync(host, op, "accounts", "?ledger=uact"), static l => Assert.Equal("uact", (string?)l["ledger"]));
    }

    private static async Task<JsonNode[]> LinesAsync(FullHost host, SigningKey op, string kind, string query)
    {
        using var answer = await host.SendAsync(op, HttpMethod.Get, $"/v1/network/export/{kind}{query}", null);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{kind}{query}: {(int)answer.StatusCode} {text}");
        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType?.MediaType);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonNode.Parse(l)!)];
    }
}
