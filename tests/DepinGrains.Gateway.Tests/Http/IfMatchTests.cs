using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary><c>If-Match</c> on what people edit by hand: a change made on an old reading is refused with both versions and changes nothing; sent again after it was done it is answered alike.</summary>
public sealed class IfMatchTests
{
    [Fact]
    public async Task Profile_manifest_and_standing_order_are_not_overwritten_by_one_who_read_an_older_version()
    {
        await using var host = await FullHost.StartAsync();
        await using var scene = await LeaseScene.SetAsync(host);
        var sdl = await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"));
        var manifest = new JsonObject { ["sdl"] = sdl.Replace("image: native:depin-hello", "image: native:depin-hello\n    env:\n      - A=1", StringComparison.Ordinal) }.ToJsonString();
        const string rule = """{"belowBlocks":10,"toBlocks":20,"capPerPeriod":1000}""";
        foreach (var (method, path, body, read) in ((string, string, string, string)[])
            [
                ("POST", "/v1/providers", """{"name":"seller two","pricing":{}}""", "/v1/providers/" + scene.Seller),
                ("PUT", $"/v1/deployments/{scene.Deployment}/manifest", manifest, "/v1/deployments/" + scene.Deployment),
                ("POST", $"/v1/deployments/{scene.Deployment}/auto-top-up", rule, "/v1/deployments/" + scene.Deployment),
                ("POST", $"/v1/deployments/{scene.Deployment}/auto-top-up/off", "{}", "/v1/deployments/" + scene.Deployment),
            ])
        {
            var key = path == "/v1/providers" ? scene.SellerKey : scene.TenantKey;
            using (var stale = await ChangeAsync(host, key, method, path, body, "\"999999\"", "stale"))
            {
                var facts = (await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "request.version_mismatch")).GetProperty("facts");
                Assert.Equal("999999", facts.GetProperty("expected").GetString());
                Assert.NotEqual("999999", facts.GetProperty("version").GetString());
            }

            using (var nonsense = await ChangeAsync(host, key, method, path, body, "seven", "nonsense"))
            {
                await ProblemAssert.IsAsync(nonsense, HttpStatusCode.BadRequest, "request.etag_invalid");
            }

            // The deployment's own steps count its version up: read and tried until nothing came between.
            await Nodes.NodeHost.EventuallyAsync(
                async () =>
                {
                    using var seen = await host.SendAsync(key, HttpMethod.Get, read, null);
                    var tag = seen.Headers.ETag!.ToString();
                    using var done = await ChangeAsync(host, key, method, path, body, tag, "at-" + tag.Trim('"'));
                    using var again = await ChangeAsync(host, key, method, path, body, tag, "at-" + tag.Trim('"'));
                    Assert.True(done.IsSuccessStatusCode || done.StatusCode == HttpStatusCode.PreconditionFailed, $"{(int)done.StatusCode} {await done.Content.ReadAsStringAsync()}");
                    return done.IsSuccessStatusCode && again.IsSuccessStatusCode;
                },
                $"{method} {path}");
        }
    }

    private static async Task<HttpResponseMessage> ChangeAsync(FullHost host, SigningKey key, string method, string path, string body, string tag, string idempotencyKey)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(host.Address, path)) { Content = JsonBody.Of(body) };
        request.Headers.TryAddWithoutValidation("If-Match", tag);
        await new RequestSigner(key, Contracts.Identities.IdentityIds.ForFirstKey(key.KeyId, "")).SignAsync(request, $"{idempotencyKey}-{path.Length}");
        return await host.Client.SendAsync(request);
    }
}
