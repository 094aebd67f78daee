using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Tests.Http;

namespace DepinGrains.Gateway.Tests.Deployments;

/// <summary>Through the real API: a bid's offer is checked, a tenant's reason is kept, a provider leaves.</summary>
public sealed class BidAndCloseTests
{
    [Fact]
    public async Task An_offer_is_checked_a_reason_is_kept_and_a_provider_leaves()
    {
        await using var host = await FullHost.StartAsync(settings: new() { ["Faucet:Enabled"] = "true" });
        var (tenant, tenantId) = await host.RegisterAsync();
        var (seller, sellerId) = await host.RegisterAsync();
        await OkAsync(host, tenant, "/v1/ledgers/uact/faucet", """{"amount":100000000}""");
        var sdl = await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"));
        await OkAsync(host, tenant, "/v1/deployments", new JsonObject { ["sdl"] = sdl, ["deposit"] = 5_000_000, ["dseq"] = "7", ["winner"] = "pick" }.ToJsonString());
        var deployment = $"/v1/deployments/{tenantId}/7";

        using (var small = await BidAsync(1))
        {
            Assert.Contains("\"cpu\"", await ProblemAsync(small, HttpStatusCode.BadRequest, "bid.offer_invalid"), StringComparison.Ordinal);
        }

        // Large enough: the next rule in the published order is asked.
        using (var enough = await BidAsync(100_000))
        {
            await ProblemAsync(enough, HttpStatusCode.NotFound, "provider.not_found");
        }

        foreach (var reason in (int[])[0, 10_000])
        {
            using var wrong = await host.SendAsync(tenant, HttpMethod.Post, deployment + "/close", $$"""{"reason":{{reason}}}""");
            await ProblemAsync(wrong, HttpStatusCode.BadRequest, "request.invalid");
        }

        using (var none = await host.SendAsync(tenant, HttpMethod.Post, deployment + "/groups/1/lease/close", """{"reason":77}"""))
        {
            await ProblemAsync(none, HttpStatusCode.NotFound, "lease.not_found");
        }

        await OkAsync(host, tenant, deployment + "/close", """{"reason":77}""");
        using (var seen = await host.SendAsync(tenant, HttpMethod.Get, deployment, null))
        {
            Assert.Equal("closed by the owner (reason 77)", (string?)JsonNode.Parse(await seen.Content.ReadAsStringAsync())!["closeDetail"]);
        }

        await OkAsync(host, seller, "/v1/providers", """{"name":"seller"}""");
        await OkAsync(host, seller, "/v1/providers/delete", "{}");
        using var gone = await host.Client.GetAsync("/v1/providers/" + sellerId);
        await ProblemAsync(gone, HttpStatusCode.NotFound, "provider.not_found");

        Task<HttpResponseMessage> BidAsync(long cpu) => host.SendAsync(
            seller,
            HttpMethod.Post,
            deployment + "/groups/1/orders/1/bids",
            $$"""{"price":"1","denom":"uact","deposit":500000,"offer":[{"id":1,"count":1,"cpuMilli":{{cpu}},"memoryBytes":1099511627776,"storage":[{"name":"default","bytes":1099511627776}]}]}""");
    }

    private static async Task OkAsync(FullHost host, SigningKey key, string path, string body)
    {
        using var answer = await host.SendAsync(key, HttpMethod.Post, path, body);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync()}");
    }

    private static async Task<string> ProblemAsync(HttpResponseMessage answer, HttpStatusCode status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal((status, code), (answer.StatusCode, (string?)JsonNode.Parse(text)!["code"]));
        return text;
    }
}
