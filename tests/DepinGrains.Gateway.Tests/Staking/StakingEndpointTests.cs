using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Tests.Http;

namespace DepinGrains.Gateway.Tests.Staking;

/// <summary>Stake and emission over HTTP: what a coldkey may do, what everybody sees, what is refused.</summary>
public sealed class StakingEndpointTests
{
    private const long Half = 500_000_000;

    [Fact]
    public async Task An_owner_becomes_a_delegate_a_nominator_stakes_and_everybody_sees_it()
    {
        await using var host = await FullHost.StartAsync();
        var (owner, ownerId) = await host.RegisterAsync();
        var (ann, annId) = await host.RegisterAsync();
        var hotkey = IdentityIds.Reference(ownerId, owner.KeyId);
        foreach (var key in (SigningKey[])[owner, ann])
        {
            await OkAsync(host, key, "/v1/ledgers/TAO/faucet", """{"amount":1000000000}""");
        }

        await OkAsync(host, owner, $"/v1/staking/TAO/hotkeys/{hotkey}/add", $$"""{"amount":{{Half}}}""");
        Assert.Equal("staking.not_delegate", await RefusedAsync(host, ann, $"/v1/staking/rao/hotkeys/{hotkey}/add", $$"""{"amount":{{Half}}}""", HttpStatusCode.UnprocessableEntity));
        Assert.Equal("staking.not_owner", await RefusedAsync(host, ann, $"/v1/staking/rao/hotkeys/{hotkey}/terms", """{"isDelegate":true,"take":0}""", HttpStatusCode.Forbidden));
        Assert.Equal(5_898, (int)(await OkAsync(host, owner, $"/v1/staking/rao/hotkeys/{hotkey}/terms", """{"isDelegate":true,"take":5898}"""))["take"]!);
        Assert.Equal(Half, (long)(await OkAsync(host, ann, $"/v1/staking/rao/hotkeys/{hotkey}/add", $$"""{"amount":{{Half}}}"""))["stake"]!);

        var seen = (await ReadAsync(host, null, "/v1/staking/TAO/hotkeys?delegates=true"))["items"]!.AsArray().Single()!;
        Assert.Equal((hotkey, 2 * Half, Half, 1), ((string)seen["hotkey"]!, (long)seen["total"]!, (long)seen["delegated"]!, (int)seen["delegators"]!));
        Assert.Equal(2 * Half, (long)(await ReadAsync(host, null, $"/v1/staking/rao/hotkeys/{hotkey}"))["total"]!);
        var mine = (await ReadAsync(host, ann, "/v1/staking/rao/stakes"))["items"]!.AsArray().Single()!;
        Assert.Equal((annId, Half, false), ((string)mine["coldkey"]!, (long)mine["stake"]!, (bool)mine["isOwner"]!));
        Assert.Equal("staking.held", await RefusedAsync(host, ann, $"/v1/staking/rao/hotkeys/{hotkey}/remove", """{"amount":0}""", HttpStatusCode.UnprocessableEntity));
        Assert.Equal("staking.same_hotkey", await RefusedAsync(host, ann, "/v1/staking/rao/moves", $$"""{"from":"{{hotkey}}","to":"{{hotkey}}","amount":0}""", HttpStatusCode.UnprocessableEntity));
        Assert.True((bool)(await ReadAsync(host, ann, "/v1/ledgers/rao/audit"))["isClean"]!);
    }

    [Fact]
    public async Task Emission_and_inflation_are_public_and_strange_names_are_refused()
    {
        await using var host = await FullHost.StartAsync();
        var (key, id) = await host.RegisterAsync();
        var emission = await ReadAsync(host, null, "/v1/emissions/TAO");
        Assert.Equal((0L, 1_000_000_000L, 7_200_000_000_000L), ((long)emission["issuance"]!, (long)emission["perBlock"]!, (long)emission["perDay"]!));
        Assert.Null(emission["nextHalving"]!["likely"]!["blocks"]);
        Assert.Empty((await ReadAsync(host, null, "/v1/emissions/TAO/history"))["items"]!.AsArray());
        Assert.Equal(140_000, (int)(await ReadAsync(host, null, "/v1/staking/AKT/inflation"))["rateMillionths"]!);
        Assert.Empty((await ReadAsync(host, null, "/v1/staking/AKT/inflation/epochs"))["items"]!.AsArray());
        foreach (var (path, code, status) in ((string, string, HttpStatusCode)[])
            [
                ("/v1/emissions/AKT", "emission.token_unknown", HttpStatusCode.NotFound), ("/v1/emissions/TAO/history?order=up", "emission.order_invalid", HttpStatusCode.BadRequest),
                ("/v1/staking/ACT/hotkeys", "staking.token_unknown", HttpStatusCode.NotFound), ("/v1/staking/rao/hotkeys/id_x/key_y", "staking.hotkey_invalid", HttpStatusCode.BadRequest),
                ("/v1/staking/TAO/inflation", "inflation.token_not_allowed", HttpStatusCode.Forbidden), ("/v1/staking/rao/hotkeys?cursor=abc", "request.cursor_invalid", HttpStatusCode.BadRequest),
            ])
        {
            using var answer = await host.Client.GetAsync(new Uri(host.Address, path));
            Assert.Equal((status, code), (answer.StatusCode, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]));
        }

        var hotkey = IdentityIds.Reference(id, key.KeyId);
        foreach (var body in (string[])["""{"amount":-1}""", """{"amount":0}""", """{"amount":9223372036854775808}""", """{"amount":1.5}""", "{}"])
        {
            using var answer = await host.SendAsync(key, HttpMethod.Post, $"/v1/staking/rao/hotkeys/{hotkey}/add", body);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }

        Assert.Equal("ledger.insufficient_funds", await RefusedAsync(host, key, $"/v1/staking/rao/hotkeys/{hotkey}/add", """{"amount":5}""", HttpStatusCode.UnprocessableEntity));
        Assert.DoesNotContain((await ReadAsync(host, null, "/v1/staking/rao/hotkeys"))["items"]!.AsArray(), static h => (long)h!["total"]! > 0);
    }

    private static async Task<JsonNode> OkAsync(FullHost host, SigningKey key, string path, string body)
    {
        using var answer = await host.SendAsync(key, HttpMethod.Post, path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    private static async Task<string?> RefusedAsync(FullHost host, SigningKey key, string path, string body, HttpStatusCode status)
    {
        using var answer = await host.SendAsync(key, HttpMethod.Post, path, body);
        Assert.Equal(status, answer.StatusCode);
        return (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"];
    }

    private static async Task<JsonNode> ReadAsync(FullHost host, SigningKey? key, string path)
    {
        using var answer = key is null ? await host.Client.GetAsync(new Uri(host.Address, path)) : await host.SendAsync(key, HttpMethod.Get, path, null);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
