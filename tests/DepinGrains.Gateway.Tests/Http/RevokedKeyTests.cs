using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>
/// A gateway remembers keys for some seconds. A key that was revoked meanwhile still looks good to it, and must nevertheless change nothing: every signed operation of the OpenAPI document asks
/// the identity of record. A new operation is covered, or fails, by itself.
/// </summary>
public sealed class RevokedKeyTests
{
    [Fact]
    public async Task A_revoked_key_that_the_gateway_still_remembers_changes_nothing_anywhere()
    {
        await using var host = await FullHost.StartAsync(settings: new() { ["Http:KeyCacheSeconds"] = "60" });
        var (owner, id) = await host.RegisterAsync();
        using var hot = SigningKey.Generate();
        await AddAndForgetAsync(host, owner, id, hot);
        var document = JsonNode.Parse(await host.Client.GetStringAsync("/openapi/v1.json"))!.AsObject();
        var (problems, asked) = (new List<string>(), 0);
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (name, operation) in item!.AsObject())
            {
                var method = new HttpMethod(name.ToUpperInvariant());
                if (path == "/v1/identities" || operation!["parameters"]?.AsArray().Any(static p => (string?)p!["name"] == "Signature-Input") is not true)
                {
                    continue;
                }

                asked++;
                var schema = operation["requestBody"]?["content"]?["application/json"]?["schema"];
                using var request = new HttpRequestMessage(method, new Uri(host.Address, Fill(path, id, owner.KeyId)))
                {
                    Content = schema is null ? null : JsonBody.Of(ForeignResourceTests.Body(path, document, schema, id, owner)),
                };
                await new RequestSigner(hot, id).SignAsync(request);
                using var answer = await host.Client.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                if ((int)answer.StatusCode != 401 || (string?)JsonNode.Parse(text)!["code"] != "identity.key_revoked")
                {
                    problems.Add($"{method} {path}: {(int)answer.StatusCode} {text[..Math.Min(200, text.Length)]}");
                }
            }
        }

        Assert.True(problems.Count == 0, $"{problems.Count} of {asked}:\n{string.Join('\n', problems)}");
        Assert.True(asked >= 35, $"only {asked} signed operations");
    }

    /// <summary>The second owner key is known to the gateway and then revoked behind its back, as through another gateway.</summary>
    private static async Task AddAndForgetAsync(FullHost host, SigningKey owner, string id, SigningKey hot)
    {
        using (var added = await host.SendAsync(owner, HttpMethod.Post, $"/v1/identities/{id}/keys", ForeignResourceTests.NewKey(hot, id)))
        {
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        }

        using (var seen = new HttpRequestMessage(HttpMethod.Get, "/v1/identities/me"))
        {
            seen.Headers.Authorization = new("Bearer", new TokenIssuer(hot, id, "depin-test").Issue(["read"]));
            using var answer = await host.Client.SendAsync(seen);
            Assert.True(answer.IsSuccessStatusCode);
        }

        var path = $"/v1/identities/{id}/keys/{hot.KeyId}";
        var revoked = await host.Services.GetRequiredService<IGrainFactory>().GetGrain<IIdentityGrain>(id)
            .RevokeKeyAsync(new RevokeKey(hot.KeyId, new RequestSigner(owner, id).Sign("DELETE", new Uri(host.Address, path), ""u8, "revoke")));
        Assert.True(revoked.IsOk, revoked.Refusal?.Detail);
    }

    private static string Fill(string path, string id, string keyId) => string.Join('/', path.Split('/').Select((part, i) => part.Trim('{', '}').Split(':')[0] is var name && !part.StartsWith('{') ? part : name switch
    {
        "id" => path.Split('/')[2] switch { "nodes" => NodeIds.ForKey(new byte[91]), "pool" => "prop_" + new string('a', 26), _ => id },
        "owner" or "provider" or "granter" => id,
        "token" or "credit" => "uact",
        "keyId" => keyId,
        "action" => "close",
        "mode" => "on",
        "number" or "prefix" => "abcdefghijkl",
        _ => "1",
    }));
}
