using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>
/// A token that a tenant made for one lease, as it is given to a provider, opens that lease and nothing else, whatever its scopes: asked at every GET of the OpenAPI document and at every topic.
/// </summary>
public sealed class LeaseTokenTests
{
    [Fact]
    public async Task A_token_for_one_lease_reads_nothing_else_of_its_maker()
    {
        await using var host = await FullHost.StartAsync();
        var (key, id) = await host.RegisterAsync();
        var lease = $"{id}/7/1/1/{id}";
        var token = new TokenIssuer(key, id, "depin-test").Issue(["read", "leases:shell"], lease: lease);
        var document = JsonNode.Parse(await host.Client.GetStringAsync("/openapi/v1.json"))!.AsObject();
        var (problems, asked) = (new List<string>(), 0);
        foreach (var (path, item) in document["paths"]!.AsObject().Where(static p => p.Value!["get"] is not null))
        {
            var target = Fill(path, id);
            using var nobody = await host.Client.GetAsync(target, HttpCompletionOption.ResponseHeadersRead);
            if ((int)nobody.StatusCode != 401)
            {
                continue; // public
            }

            asked++;
            var (status, code) = await AskAsync(host, target, token);
            // The lease itself is not there: 404 shows that the token was let through.
            var wanted = path.Contains("/leases/{owner}", StringComparison.Ordinal) ? (404, "lease.not_found") : (403, "identity.scope_missing");
            if ((status, code) != wanted)
            {
                problems.Add($"GET {path}: {status} {code}");
            }
        }

        foreach (var topic in (string[])[$"deployment/{id}/7", "provider/" + id, "identity/" + id])
        {
            Assert.Equal((403, "identity.scope_missing"), await AskAsync(host, "/v1/events?topic=" + topic, token));
        }

        Assert.Equal((403, "identity.scope_missing"), await AskAsync(host, $"/v1/leases/{id}/8/1/1/{id}", token));
        Assert.Equal((404, "lease.not_found"), await AskAsync(host, $"/v1/leases/{lease}/shell", token));
        Assert.True(problems.Count == 0, string.Join('\n', problems));
        Assert.True(asked >= 15, $"only {asked} reads");
    }

    private static async Task<(int Status, string? Code)> AskAsync(FullHost host, string target, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (answer.IsSuccessStatusCode)
        {
            return ((int)answer.StatusCode, null);
        }

        // Under /v1/openai refusals have OpenAI's shape.
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        return ((int)answer.StatusCode, (string?)(problem["code"] ?? problem["error"]?["code"]));
    }

    private static string Fill(string path, string id) => string.Join('/', path.Split('/').Select(part => !part.StartsWith('{') ? part : part.Trim('{', '}').Split(':')[0] switch
    {
        "id" => path.StartsWith("/v1/nodes", StringComparison.Ordinal) ? NodeIds.ForKey(new byte[91]) : id,
        "owner" or "provider" or "granter" => id,
        "token" or "credit" => "uact",
        "dseq" => "7",
        _ => "1",
    }));
}
