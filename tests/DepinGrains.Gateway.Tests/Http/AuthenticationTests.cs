using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Tests.Http;

public sealed class AuthenticationTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly object Body = new { text = "x", number = 1 };

    [Fact]
    public async Task A_signed_request_reaches_its_handler_with_its_signer_and_a_stable_operation_id()
    {
        var alice = await host.RegisterAsync();
        using var first = await alice.PostAsync("/t/pay/rent%20and%2Fmore?for=may", Body, "k-1");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        var answer = await JsonAsync(first);
        Assert.Equal((alice.Id, alice.Key.KeyId, "rent and%2Fmore", "x"), (Text(answer, "identity"), Text(answer, "keyId"), Text(answer, "what"), Text(answer, "text")));
        Assert.Equal(OperationIds.For(alice.Id, "POST", "/t/pay/rent%20and%2Fmore", "k-1"), Text(answer, "operationId"));
        using var other = await alice.PostAsync("/t/pay/food", Body, "k-1");
        Assert.NotEqual(Text(answer, "operationId"), Text(await JsonAsync(other), "operationId"));
    }

    [Fact]
    public async Task What_was_not_signed_is_refused()
    {
        var alice = await host.RegisterAsync();
        await RefusedAsync(alice, request => request.RequestUri = new Uri(host.Address, "/t/pay/more"), 401, IdentityError.SignatureInvalid);
        await RefusedAsync(alice, request => request.Content = JsonBody.Of(new { text = "y", number = 1 }), 400, IdentityError.DigestMismatch);
        await RefusedAsync(
            alice,
            request =>
            {
                request.Content = JsonBody.Of("{}");
                Replace(request, "Content-Digest", SignatureBase.ContentDigest(SHA256.HashData("{}"u8)));
            },
            401,
            IdentityError.SignatureInvalid);
        await RefusedAsync(alice, request => Replace(request, "Idempotency-Key", "other"), 401, IdentityError.SignatureInvalid);
        await RefusedAsync(alice, request => request.Headers.Remove("Signature"), 401, IdentityError.SignatureMissing);
        await RefusedAsync(alice, request => request.Headers.Remove("Content-Digest"), 400, IdentityError.SignatureMalformed);
        await RefusedAsync(alice, request => request.Headers.Add("Signature", "sig1=:AAAA:"), 400, IdentityError.SignatureMalformed);
        await RefusedAsync(alice, request => Replace(request, "Signature-Input", "sig1=()"), 400, IdentityError.SignatureMalformed);
        await RefusedAsync(alice, request => request.Headers.Host = "elsewhere", 401, IdentityError.SignatureInvalid);
        await RefusedAsync(alice, request => request.Headers.Remove("Idempotency-Key"), 400, IdentityError.SignatureMalformed);
    }

    [Fact]
    public async Task Expired_unknown_and_wrong_keys_are_refused()
    {
        var alice = await host.RegisterAsync();
        using (var request = await alice.SignedAsync(HttpMethod.Post, "/t/pay/x", Body))
        {
            host.Time.Move(TimeSpan.FromMinutes(3));
            using var response = await host.Client.SendAsync(request);
            await ProblemAssert.IsAsync(response, HttpStatusCode.Unauthorized, IdentityError.SignatureExpired);
            Assert.Equal("Signature", response.Headers.WwwAuthenticate.Single().Scheme);
        }

        using var stranger = SigningKey.Generate();
        using (var response = await alice.With(stranger).PostAsync("/t/pay/x", Body))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Unauthorized, IdentityError.KeyUnknown);
        }

        using (var response = await new TestCaller(host, stranger).PostAsync("/t/pay/x", Body))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Unauthorized, IdentityError.KeyUnknown);
        }

        using (var response = await alice.PostAsync("/t/report", Body))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Forbidden, IdentityError.KeyRole);
        }
    }

    [Fact]
    public async Task A_signed_body_is_bounded_with_and_without_a_length()
    {
        var alice = await host.RegisterAsync();
        foreach (var chunked in new[] { false, true })
        {
            using var request = await alice.SignedAsync(HttpMethod.Post, "/t/pay/x", new { text = new string('x', 70_000), number = 1 });
            await host.TooLargeAsync(request, chunked);
        }
    }

    [Fact]
    public async Task A_token_speaks_for_its_identity_within_its_scopes()
    {
        var alice = await host.RegisterAsync();
        using (var response = await alice.GetAsync("/t/whoami"))
        {
            Assert.Equal(alice.Id, Text(await JsonAsync(response), "identity"));
        }

        using (var response = await alice.GetAsync("/t/leases", "read"))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using (var response = await alice.GetAsync("/t/shell", "read"))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Forbidden, IdentityError.ScopeMissing);
        }

        using (var response = await alice.GetAsync("/t/shell", "leases:shell"))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using (var response = await alice.GetAsync("/t/operator"))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Forbidden, IdentityError.RoleNotAllowed);
        }

        // A token is no signature.
        using var pay = new HttpRequestMessage(HttpMethod.Post, "/t/pay/x") { Content = JsonBody.Of(Body) };
        pay.Headers.Authorization = new("Bearer", alice.Tokens.Issue(["read"]));
        pay.Headers.Add("Idempotency-Key", "k");
        using (var response = await host.Client.SendAsync(pay))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Unauthorized, IdentityError.SignatureMissing);
        }
    }

    [Theory]
    [InlineData("Bearer junk", IdentityError.TokenMalformed)]
    [InlineData("bearer a.b.c", IdentityError.TokenMalformed)]
    [InlineData("Bearer dk_short", IdentityError.ApiKeyInvalid)]
    [InlineData("Basic YTpi", RequestError.Unauthenticated)]
    [InlineData("Bearer", RequestError.Unauthenticated)]
    public async Task Credentials_that_cannot_be_read_are_refused(string header, string code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/t/whoami");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using var response = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(response, HttpStatusCode.Unauthorized, code);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task A_node_keys_token_does_not_read_the_owners_leases()
    {
        var alice = await host.RegisterAsync();
        using var node = SigningKey.Generate();
        using (var added = await alice.PostAsync($"/v1/identities/{alice.Id}/keys", NewKeyBody(alice, node, "node")))
        {
            Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        }

        using (var response = await alice.With(node).GetAsync("/t/leases", "leases:read"))
        {
            await ProblemAssert.IsAsync(response, HttpStatusCode.Forbidden, IdentityError.KeyRole);
        }

        using (var response = await alice.With(node).GetAsync("/t/whoami", "nodes:report"))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using (var response = await alice.With(node).PostAsync("/t/report", Body))
        {
            Assert.Equal("Node", await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task The_signing_handler_signs_changes_and_sends_tokens_on_reads()
    {
        var alice = await host.RegisterAsync();
        using var client = new HttpClient(new SigningHandler(alice.Signer, alice.Tokens, ["read"]) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = host.Address };
        using (var response = await client.PostAsync("/t/pay/x?y=1", JsonBody.Of(Body)))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Contains(alice.Id, await client.GetStringAsync("/t/whoami"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_cut_short_is_no_signed_request()
    {
        var alice = await host.RegisterAsync();
        using var request = await alice.SignedAsync(HttpMethod.Post, "/t/pay/x", Body);
        var head = new StringBuilder("POST /t/pay/x HTTP/1.1\r\nHost: " + host.Address.Authority + "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n");
        foreach (var header in request.Headers)
        {
            head.Append(header.Key).Append(": ").Append(header.Value.Single()).Append("\r\n");
        }

        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port);
            var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head + "\r\n{\"text\":\"x\""));
            socket.Client.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream);
            var answer = "";
            try
            {
                answer = await reader.ReadToEndAsync();
            }
            catch (IOException)
            {
                // Reset instead of an answer: as good.
            }

            Assert.DoesNotContain(" 200 ", answer, StringComparison.Ordinal);
        }
    }

    internal static object NewKeyBody(TestCaller owner, SigningKey key, string role)
    {
        var made = key.ToNewKey(owner.Id, Enum.Parse<KeyRole>(role, ignoreCase: true), "k");
        return new { publicKey = made.PublicKey, role, proof = made.Proof, label = made.Label };
    }

    private async Task RefusedAsync(TestCaller caller, Action<HttpRequestMessage> change, int status, string code)
    {
        using var request = await caller.SignedAsync(HttpMethod.Post, "/t/pay/x", Body);
        change(request);
        using var response = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(response, (HttpStatusCode)status, code);
    }

    private static void Replace(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
