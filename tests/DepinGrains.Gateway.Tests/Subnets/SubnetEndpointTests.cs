using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Gateway.Tests.Http;

namespace DepinGrains.Gateway.Tests.Subnets;

/// <summary>Subnets over HTTP with real signatures: open, register, score, read; and what strangers and forgers get.</summary>
public sealed class SubnetEndpointTests : IAsyncLifetime
{
    private FullHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await FullHost.StartAsync(settings: new Dictionary<string, string?> { ["Subnets:MinLock"] = "0", ["Subnets:CreateRateLimit"] = "0" });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_subnet_is_opened_a_miner_registers_and_everybody_can_read_it()
    {
        var (owner, ownerId) = await _host.RegisterAsync();
        var (miner, minerId) = await _host.RegisterAsync();
        var created = await SendAsync(owner, "/v1/subnets", """{"name":"chat","task":"text"}""", HttpStatusCode.Created);
        Assert.Equal((1, ownerId, 360), ((int)created["netuid"]!, (string)created["owner"]!, (int)created["hyperparameters"]!["tempo"]!));
        Assert.Equal("registration.not_enough_balance", (string)(await SendAsync(miner, "/v1/subnets/1/register", "{}", HttpStatusCode.UnprocessableEntity))["code"]!);
        await SendAsync(miner, "/v1/ledgers/rao/faucet", """{"amount":1000000000}""", HttpStatusCode.OK);
        var dear = await SendAsync(miner, "/v1/subnets/1/register", """{"maxPrice":5}""", HttpStatusCode.UnprocessableEntity);
        Assert.Contains("--max-price", (string)dear["detail"]!, StringComparison.Ordinal);
        var done = await SendAsync(miner, "/v1/subnets/1/register", """{"maxPrice":1000000000}""", HttpStatusCode.OK);
        Assert.Equal((0, Hotkeys.Of(minerId, miner.KeyId)), ((int)done["uid"]!, (string)done["hotkey"]!));
        Assert.Equal("axon.address_not_allowed", (string)(await SendAsync(miner, "/v1/subnets/1/axon", """{"endpoint":"http://127.0.0.1:9/v1"}""", HttpStatusCode.Forbidden))["code"]!);
        await SendAsync(miner, "/v1/subnets/1/axon", """{"endpoint":"https://miner.example/v1","models":["llama"]}""", HttpStatusCode.OK);
        await SendAsync(miner, "/v1/subnets/1/weights", """{"uids":[0],"values":[1]}""", HttpStatusCode.OK);

        var graph = await GetAsync("/v1/subnets/1/metagraph");
        Assert.Equal((1, "https://miner.example/v1"), ((int)graph["n"]!, (string)graph["axons"]![0]!["endpoint"]!));
        Assert.Null(graph["weights"]);
        Assert.Equal(65_535, (int)(await GetAsync("/v1/subnets/1/metagraph?fields=W"))["weights"]![0]!["values"]![0]!);
        Assert.Equal("text", (string)(await GetAsync("/v1/subnets/1/servers"))["task"]!);
        Assert.Equal(1, (int)(await GetAsync("/v1/neurons?coldkey=" + minerId))["items"]![0]!["netuid"]!);
        Assert.Equal("1", (string)(await GetAsync("/v1/subnets/1/hyperparameters")).AsArray().Single(h => (string)h!["name"]! == "yuma_version")!["value"]!);
        Assert.Equal(0, (int)(await GetAsync("/v1/subnets/1/neurons/0"))["uid"]!);
        Assert.Single((await GetAsync("/v1/subnets?status=active"))["items"]!.AsArray());
        Assert.Equal("equal", (string)(await GetAsync("/v1/root"))["strategy"]!);
    }

    [Fact]
    public async Task The_metagraph_has_a_tag_that_changes_with_the_subnet_alone()
    {
        var (owner, _) = await _host.RegisterAsync();
        await SendAsync(owner, "/v1/subnets", """{"name":"tag","task":"image"}""", HttpStatusCode.Created);
        using var first = await _host.Client.GetAsync(new Uri(_host.Address, "/v1/subnets/1/metagraph"));
        using var again = new HttpRequestMessage(HttpMethod.Get, new Uri(_host.Address, "/v1/subnets/1/metagraph"));
        again.Headers.TryAddWithoutValidation("If-None-Match", first.Headers.ETag!.ToString());
        using var second = await _host.Client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        await SendAsync(owner, "/v1/subnets/1/hyperparameters/immunity_period", """{"value":"7"}""", HttpStatusCode.OK);
        using var changed = new HttpRequestMessage(HttpMethod.Get, new Uri(_host.Address, "/v1/subnets/1/metagraph"));
        changed.Headers.TryAddWithoutValidation("If-None-Match", first.Headers.ETag!.ToString());
        using var third = await _host.Client.SendAsync(changed);
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
    }

    [Fact]
    public async Task Strangers_and_forgers_are_refused_with_the_rule()
    {
        var (owner, ownerId) = await _host.RegisterAsync();
        var (forger, _) = await _host.RegisterAsync();
        await SendAsync(owner, "/v1/subnets", """{"name":"s","task":"text"}""", HttpStatusCode.Created);
        var foreign = Hotkeys.Of(ownerId, owner.KeyId);
        foreach (var (path, body, code) in ((string, string, string)[])
        [
            ("/v1/subnets/1/weights", $$"""{"uids":[0],"values":[1],"hotkey":"{{foreign}}"}""", "weights.not_owner"),
            ("/v1/subnets/1/axon", $$"""{"endpoint":"https://a.example/v1","hotkey":"{{foreign}}"}""", "axon.not_owner"),
            ("/v1/subnets/1/register", $$"""{"hotkey":"{{foreign}}"}""", "registration.not_owner"),
            ("/v1/subnets/1/hyperparameters/tempo", """{"value":"7"}""", "subnet.not_owner"),
            ("/v1/root/weights", $$"""{"netuids":[1],"values":[1],"hotkey":"{{foreign}}"}""", "root.not_owner"),
        ])
        {
            Assert.Equal(code, (string)(await SendAsync(forger, path, body, HttpStatusCode.Forbidden))["code"]!);
        }

        Assert.Equal("weights.not_registered", (string)(await SendAsync(forger, "/v1/subnets/1/weights", """{"uids":[],"values":[]}""", HttpStatusCode.UnprocessableEntity))["code"]!);
        Assert.Equal("hyperparameter.unknown", (string)(await SendAsync(owner, "/v1/subnets/1/hyperparameters/tempos", """{"value":"7"}""", HttpStatusCode.NotFound))["code"]!);
        foreach (var path in (string[])["/v1/subnets/9", "/v1/subnets/abc", "/v1/subnets/99999", "/v1/subnets/-1/metagraph", "/v1/subnets/01/price", "/v1/subnets/1/neurons/7", "/v1/subnets/1/metagraph?fields=nonsense"])
        {
            using var answer = await _host.Client.GetAsync(new Uri(_host.Address, path));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        }
    }

    private async Task<JsonNode> SendAsync(SigningKey key, string path, string body, HttpStatusCode expected)
    {
        using var answer = await _host.SendAsync(key, HttpMethod.Post, path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(expected == answer.StatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await _host.Client.GetAsync(new Uri(_host.Address, path));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
