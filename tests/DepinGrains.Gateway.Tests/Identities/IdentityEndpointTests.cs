using System.Net;
using System.Text.Json;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Tests.Http;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace DepinGrains.Gateway.Tests.Identities;

public sealed class IdentityEndpointTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Registration_is_signed_by_the_key_itself_and_answers_a_retry_alike()
    {
        using var key = SigningKey.Generate();
        var caller = new TestCaller(host, key);
        var body = new { publicKey = key.PublicKey, salt = "", label = "Zoë", roles = new[] { "tenant", "provider" } };
        using var first = await caller.PostAsync("/v1/identities", body, "reg-1");
        Assert.Equal((HttpStatusCode.Created, "/v1/identities/" + caller.Id), (first.StatusCode, first.Headers.Location?.ToString()));
        using var again = await caller.PostAsync("/v1/identities", body, "reg-1");
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());

        using (var other = await caller.PostAsync("/v1/identities", new { publicKey = key.PublicKey, salt = "", label = "Other" }, "reg-1"))
        {
            await ProblemAssert.IsAsync(other, HttpStatusCode.UnprocessableEntity, IdentityError.IdempotencyKeyReused);
        }

        using (var second = await caller.PostAsync("/v1/identities", body, "reg-2"))
        {
            await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, IdentityError.Exists);
        }

        using var seen = await caller.GetAsync("/v1/identities/me");
        var view = await JsonAsync(seen);
        Assert.Equal(["tenant", "provider"], view.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal((caller.Id, "Zoë"), (view.GetProperty("id").GetString(), view.GetProperty("label").GetString()));
        Assert.Equal("owner", view.GetProperty("keys")[0].GetProperty("role").GetString());
    }

    [Fact]
    public async Task Nobody_registers_with_anothers_key_or_under_anothers_id()
    {
        using var mine = SigningKey.Generate();
        using var other = SigningKey.Generate();
        var mallory = new TestCaller(host, mine);
        using (var response = await mallory.PostAsync("/v1/identities", new { publicKey = other.PublicKey }))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.BadRequest, IdentityError.IdMismatch);
        }

        var victim = new TestCaller(host, mine) { Id = IdentityIds.ForFirstKey(other.KeyId, "") };
        using (var response = await victim.PostAsync("/v1/identities", new { publicKey = other.PublicKey }))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Unauthorized, IdentityError.KeyUnknown);
        }

        using (var response = await mallory.PostAsync("/v1/identities", new { publicKey = mine.PublicKey, roles = new[] { "operator" } }))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Forbidden, IdentityError.RoleNotAllowed);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"publicKey\":\"short\"}")]
    [InlineData("{\"publicKey\":null}")]
    [InlineData("{\"publicKey\":\"@\",\"roles\":[\"king\"]}")]
    [InlineData("{\"publicKey\":\"@\",\"roles\":[\"tenant\",\"tenant\",\"tenant\",\"tenant\",\"tenant\",\"tenant\"]}")]
    [InlineData("{\"publicKey\":\"@\",\"label\":\"#\"}")]
    [InlineData("{\"publicKey\":\"@\",\"salt\":\"#\"}")]
    [InlineData("{\"publicKey\":\"@\",\"label\":\"a\\u0000b\"}")]
    [InlineData("{\"publicKey\":\"@\",\"label\":\"\\udc00\"}")]
    public async Task A_bad_registration_is_a_400_problem(string body)
    {
        using var key = SigningKey.Generate();
        var text = body.Replace("@", key.PublicKey, StringComparison.Ordinal).Replace("#", new string('x', 65), StringComparison.Ordinal);
        using var response = await new TestCaller(host, key).PostAsync("/v1/identities", text);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Declared_rules_are_really_checked_and_name_the_field()
    {
        var alice = await host.RegisterAsync();
        using var response = await alice.PostAsync($"/v1/identities/{alice.Id}/api-keys", new { name = "", scopes = Array.Empty<string>(), expiresAt = host.Time.GetUtcNow().AddDays(1) });
        var problem = await ProblemAssert.IsAsync(response, HttpStatusCode.BadRequest, RequestError.Invalid);
        Assert.Equal(2, problem.GetProperty("errors").EnumerateObject().Count());
    }

    [Fact]
    public async Task Keys_are_added_rotated_and_revoked_by_owner_keys_alone()
    {
        var alice = await host.RegisterAsync();
        var keys = $"/v1/identities/{alice.Id}/keys";
        using var hot = SigningKey.Generate();
        using (var added = await alice.PostAsync(keys, AuthenticationTests.NewKeyBody(alice, hot, "operator")))
        {
            Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        }

        using var third = SigningKey.Generate();
        using (var refused = await alice.With(hot).PostAsync(keys, AuthenticationTests.NewKeyBody(alice, third, "node")))
        {
            await ProblemAssert.IsAsync(refused, HttpStatusCode.Forbidden, IdentityError.KeyRole);
        }

        using (var last = await alice.SendAsync(HttpMethod.Delete, $"{keys}/{alice.Key.KeyId}", null))
        {
            await ProblemAssert.IsAsync(last, HttpStatusCode.Conflict, IdentityError.LastOwnerKey);
        }

        using var cold = SigningKey.Generate();
        var rotation = AuthenticationTests.NewKeyBody(alice, cold, "owner");
        using (var rotated = await alice.PostAsync($"{keys}/{alice.Key.KeyId}/rotate", rotation, "rot-1"))
        using (var retry = await alice.With(cold).PostAsync($"{keys}/{alice.Key.KeyId}/rotate", rotation, "rot-1"))
        {
            // Was the answer lost? The new key asks again: the operation belongs to the identity, not to the key that signed.
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (rotated.StatusCode, retry.StatusCode));
            Assert.Equal(await rotated.Content.ReadAsStringAsync(), await retry.Content.ReadAsStringAsync());
        }

        // The old key is worthless at once, the new one works, the id is the same.
        using (var old = await alice.SendAsync(HttpMethod.Delete, $"{keys}/{hot.KeyId}", null))
        {
            await ProblemAssert.IsAsync(old, HttpStatusCode.Unauthorized, IdentityError.KeyRevoked);
        }

        var renewed = alice.With(cold);
        using (var revoked = await renewed.SendAsync(HttpMethod.Delete, $"{keys}/{hot.KeyId}", null))
        {
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        }

        using (var token = await alice.With(hot).GetAsync("/t/whoami"))
        {
            await ProblemAssert.IsAsync(token, HttpStatusCode.Unauthorized, IdentityError.KeyRevoked);
        }

        using var seen = await renewed.GetAsync("/v1/identities/" + alice.Id);
        var listed = (await JsonAsync(seen)).GetProperty("keys").EnumerateArray().ToArray();
        Assert.Equal([alice.Key.KeyId, hot.KeyId, cold.KeyId], listed.Select(k => k.GetProperty("keyId").GetString()));
        Assert.Equal(cold.KeyId, listed[0].GetProperty("replacedBy").GetString());
    }

    [Fact]
    public async Task Another_identity_changes_nothing_and_sees_no_api_keys()
    {
        var alice = await host.RegisterAsync();
        var bob = await host.RegisterAsync();
        using var key = SigningKey.Generate();
        using (var foreign = await bob.PostAsync($"/v1/identities/{alice.Id}/keys", AuthenticationTests.NewKeyBody(alice, key, "owner")))
        {
            await ProblemAssert.IsAsync(foreign, HttpStatusCode.Forbidden, IdentityError.Foreign);
        }

        using (var roles = await bob.SendAsync(HttpMethod.Put, $"/v1/identities/{alice.Id}/roles", new { roles = new[] { "auditor" } }))
        {
            await ProblemAssert.IsAsync(roles, HttpStatusCode.Forbidden, IdentityError.Foreign);
        }

        using var seen = await bob.GetAsync("/v1/identities/" + alice.Id);
        Assert.Equal(JsonValueKind.Null, (await JsonAsync(seen)).GetProperty("apiKeys").ValueKind);
        using var nobody = await bob.GetAsync("/v1/identities/id_" + new string('a', 32));
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, IdentityError.Missing);
        using var junk = await bob.GetAsync("/v1/identities/%0a%20%C3%28");
        Assert.Equal(HttpStatusCode.NotFound, junk.StatusCode);
        Assert.Equal("application/problem+json", junk.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task An_api_key_is_shown_once_works_and_dies_when_revoked()
    {
        var alice = await host.RegisterAsync();
        var path = $"/v1/identities/{alice.Id}/api-keys";
        var body = new { name = "ci", scopes = new[] { "leases:read" }, expiresAt = host.Time.GetUtcNow().AddDays(30) };
        using var made = await alice.PostAsync(path, body, "ak-1");
        var created = await JsonAsync(made);
        var secret = created.GetProperty("key").GetString()!;
        var prefix = created.GetProperty("apiKey").GetProperty("prefix").GetString()!;
        Assert.StartsWith("dk_" + prefix + "_", secret, StringComparison.Ordinal);

        // The retry finds the first key, without its secret.
        using var retry = await alice.PostAsync(path, body, "ak-1");
        var again = await JsonAsync(retry);
        Assert.Equal((JsonValueKind.Null, prefix), (again.GetProperty("key").ValueKind, again.GetProperty("apiKey").GetProperty("prefix").GetString()));

        Assert.Equal(HttpStatusCode.OK, await UseAsync(secret, "Authorization"));
        Assert.Equal(HttpStatusCode.OK, await UseAsync(secret, "X-Api-Key"));
        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(secret[..^1] + (secret[^1] == 'A' ? 'E' : 'A'), "X-Api-Key"));
        using (var seen = await alice.GetAsync("/v1/identities/me"))
        {
            Assert.DoesNotContain(secret[^43..], await seen.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var revoked = await alice.SendAsync(HttpMethod.Delete, $"{path}/{prefix}", null))
        {
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await UseAsync(secret, "X-Api-Key"));

        async Task<HttpStatusCode> UseAsync(string key, string header)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/t/leases");
            request.Headers.Add(header, header == "Authorization" ? "Bearer " + key : key);
            using var response = await host.Client.SendAsync(request);
            return response.StatusCode;
        }
    }

    /// <summary>The command line registers everybody alike, by the first command; whoever runs the network says afterwards what they are.</summary>
    [Fact]
    public async Task Whose_key_is_configured_takes_the_role_of_an_operator_also_when_registered_without_and_by_no_other_key()
    {
        var boss = await host.RegisterAsync(host.LateOperatorKey, "tenant", "provider");
        using (var before = await boss.GetAsync("/t/operator"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, before.StatusCode);
        }

        using (var taken = await boss.SendAsync(HttpMethod.Put, $"/v1/identities/{boss.Id}/roles", new { roles = new[] { "operator", "tenant" } }))
        {
            Assert.Equal("{\"roles\":[\"tenant\",\"operator\"]}", await taken.Content.ReadAsStringAsync());
        }

        using var now = await boss.GetAsync("/t/operator");
        Assert.Equal(HttpStatusCode.OK, now.StatusCode);

        // Nor for anybody else while the role is not taken: that is an operator's right, not the key's.
        using (var dropped = await boss.SendAsync(HttpMethod.Put, $"/v1/identities/{boss.Id}/roles", new { roles = new[] { "tenant" } }))
        {
            Assert.Equal(HttpStatusCode.OK, dropped.StatusCode);
        }

        var alice = await host.RegisterAsync();
        using var foreign = await boss.SendAsync(HttpMethod.Put, $"/v1/identities/{alice.Id}/roles", new { roles = new[] { "operator" } });
        await ProblemAssert.IsAsync(foreign, HttpStatusCode.Forbidden, IdentityError.Foreign);
    }

    [Fact]
    public async Task Operators_are_configured_and_grant_roles_to_others()
    {
        var boss = await host.RegisterAsync(host.OperatorKey, "operator");
        var alice = await host.RegisterAsync();
        using (var self = await alice.SendAsync(HttpMethod.Put, $"/v1/identities/{alice.Id}/roles", new { roles = new[] { "operator" } }))
        {
            await ProblemAssert.IsAsync(self, HttpStatusCode.Forbidden, IdentityError.RoleNotAllowed);
        }

        using (var granted = await boss.SendAsync(HttpMethod.Put, $"/v1/identities/{alice.Id}/roles", new { roles = new[] { "tenant", "operator" } }))
        {
            Assert.Equal("{\"roles\":[\"tenant\",\"operator\"]}", await granted.Content.ReadAsStringAsync());
        }

        using var now = await alice.GetAsync("/t/operator");
        Assert.Equal(HttpStatusCode.OK, now.StatusCode);

        // Two operators who set each other's roles at once do not wait for each other.
        var bob = await host.RegisterAsync();
        using (var granted = await boss.SendAsync(HttpMethod.Put, $"/v1/identities/{bob.Id}/roles", new { roles = new[] { "operator" } }))
        {
            Assert.Equal(HttpStatusCode.OK, granted.StatusCode);
        }

        for (var i = 0; i < 20; i++)
        {
            var body = new { roles = new[] { "operator", i % 2 == 0 ? "tenant" : "provider" } };
            var both = await Task.WhenAll(alice.SendAsync(HttpMethod.Put, $"/v1/identities/{bob.Id}/roles", body), bob.SendAsync(HttpMethod.Put, $"/v1/identities/{alice.Id}/roles", body));
            foreach (var response in both)
            {
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                response.Dispose();
            }
        }
    }

    [Fact]
    public async Task The_etag_of_an_identity_moves_with_its_version()
    {
        var alice = await host.RegisterAsync();
        using var first = await alice.GetAsync("/v1/identities/me");
        Assert.Equal("\"1\"", first.Headers.ETag?.Tag);
        using var key = SigningKey.Generate();
        (await alice.PostAsync($"/v1/identities/{alice.Id}/keys", AuthenticationTests.NewKeyBody(alice, key, "node"))).Dispose();
        using var second = await alice.GetAsync("/v1/identities/me");
        Assert.Equal("\"2\"", second.Headers.ETag?.Tag);
    }

    [Fact]
    public async Task The_grain_checks_a_signature_again_and_refuses_one_key_for_two_bodies()
    {
        var alice = await host.RegisterAsync();
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IIdentityGrain>(alice.Id);
        var uri = new Uri(host.Address, "/v1/anything");
        var request = alice.Signer.Sign("POST", uri, "{}"u8, "k");
        Assert.Equal(alice.Key.KeyId, (await grain.VerifyAsync(request, KeyRoles.Owner)).Require().KeyId);
        Assert.True((await grain.VerifyAsync(request, KeyRoles.Owner)).IsOk);
        Assert.True((await grain.VerifyAsync(alice.Signer.Sign("POST", uri, "{}"u8, "k"), KeyRoles.Owner)).IsOk);
        Assert.Equal(IdentityError.IdempotencyKeyReused, (await grain.VerifyAsync(alice.Signer.Sign("POST", uri, "[]"u8, "k"), KeyRoles.Owner)).Refusal?.Code);
        Assert.Equal(IdentityError.SignatureInvalid, (await grain.VerifyAsync(request with { Path = "/v1/else" }, KeyRoles.Owner)).Refusal?.Code);
        Assert.Equal(IdentityError.KeyRole, (await grain.VerifyAsync(request, KeyRoles.Node)).Refusal?.Code);

        // A good signature for one address does not add a key at another.
        using var key = SigningKey.Generate();
        var misused = await grain.AddKeyAsync(new AddKey(key.ToNewKey(alice.Id, KeyRole.Owner, ""), request));
        Assert.Equal(IdentityError.SignatureInvalid, misused.Refusal?.Code);
    }

    [Fact]
    public async Task A_key_change_that_insists_on_a_version_is_refused_when_the_identity_moved_and_its_retry_is_answered_alike()
    {
        var alice = await host.RegisterAsync();
        var keys = $"/v1/identities/{alice.Id}/keys";
        using var key = SigningKey.Generate();
        var body = AuthenticationTests.NewKeyBody(alice, key, "operator");
        using (var stale = await InsistAsync(HttpMethod.Post, keys, body, "\"7\"", "add-1"))
        {
            var problem = await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, RequestError.VersionMismatch);
            Assert.Equal(("1", "7"), (problem.GetProperty("facts").GetProperty("version").GetString(), problem.GetProperty("facts").GetProperty("expected").GetString()));
        }

        using (var unreadable = await InsistAsync(HttpMethod.Post, keys, body, "seven", "add-2"))
        {
            await ProblemAssert.IsAsync(unreadable, HttpStatusCode.BadRequest, RequestError.EtagInvalid);
        }

        using (var first = await InsistAsync(HttpMethod.Post, keys, body, "\"1\"", "add-3"))
        using (var retry = await InsistAsync(HttpMethod.Post, keys, body, "\"1\"", "add-3"))
        {
            Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.StatusCode, retry.StatusCode));
        }

        using (var stale = await InsistAsync(HttpMethod.Delete, $"{keys}/{key.KeyId}", null, "\"1\"", "del-1"))
        {
            await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, RequestError.VersionMismatch);
        }

        using var removed = await InsistAsync(HttpMethod.Delete, $"{keys}/{key.KeyId}", null, "\"2\"", "del-2");
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);

        async Task<HttpResponseMessage> InsistAsync(HttpMethod method, string path, object? body, string tag, string idempotencyKey)
        {
            using var request = await alice.SignedAsync(method, path, body, idempotencyKey);
            request.Headers.TryAddWithoutValidation("If-Match", tag);
            return await host.Client.SendAsync(request);
        }
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
