using System.Net;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Network;
using DepinGrains.Storage.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>The HTTP layer, the identity endpoints and a few endpoints of the tests' own, on a real Kestrel at a loopback port, over real grains and a real SQLite file.</summary>
public class ApiHost : TestHost
{
    public MovedTime Time { get; } = new();

    /// <summary>Key whose identity may be an operator.</summary>
    public SigningKey OperatorKey { get; } = SigningKey.Generate();

    /// <summary>Another, which comes as everybody does first.</summary>
    public SigningKey LateOperatorKey { get; } = SigningKey.Generate();

    protected override Dictionary<string, string?> Settings => new()
    {
        ["Http:BodyBytesMax"] = "65536",
        ["Http:StreamHeartbeatSeconds"] = "1",
        ["Identities:OperatorKeys:0"] = OperatorKey.KeyId,
        ["Identities:OperatorKeys:1"] = LateOperatorKey.KeyId,
    };

    /// <summary>
    /// Sends a body over the limit. With a length the client asks first (Expect: 100-continue) and always gets the problem; a chunked one is cut off where it crosses the limit,
    /// and then a connection closed while the client still sends is as much as HTTP/1.1 promises.
    /// </summary>
    public async Task TooLargeAsync(HttpRequestMessage request, bool chunked)
    {
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = !chunked;
        try
        {
            using var response = await Client.SendAsync(request);
            await ProblemAssert.IsAsync(response, HttpStatusCode.RequestEntityTooLarge, RequestError.BodyTooLarge);
        }
        catch (HttpRequestException) when (chunked)
        {
            // Closed while sending.
        }
    }

    /// <summary>Registers a new identity and answers a client that signs and sends tokens as it.</summary>
    public async Task<TestCaller> RegisterAsync(SigningKey? first = null, params string[] roles)
    {
        var caller = new TestCaller(this, first ?? SigningKey.Generate());
        var response = await caller.PostAsync("/v1/identities", new { publicKey = caller.Key.PublicKey, salt = "", label = "test", roles = roles.Length == 0 ? ["tenant"] : roles });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return caller;
    }

    protected override void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, Time);
        builder.Services.AddOptions<NetworkOptions>();
        builder.Services.AddSingleton<NetworkClock>();
        builder.Services.AddIdentities(builder.Configuration);
        builder.Services.AddDepinStore(store => store.Connection = Database, IdentityState.Tables);
        builder.Services.AddDepinHttp(builder.Configuration);
        builder.Services.AddDepinOpenApi();
    }

    protected override void Map(WebApplication app)
    {
        app.UseDepinHttp();
        app.MapOpenApi().AllowAnonymous();
        app.MapIdentityEndpoints();
        TestEndpoints.Map(app);
    }

    protected override void Ended()
    {
        OperatorKey.Dispose();
        LateOperatorKey.Dispose();
    }
}

/// <summary>The real clock, moved.</summary>
public sealed class MovedTime : TimeProvider
{
    private long _ticks;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ticks));

    public override long GetTimestamp() => base.GetTimestamp() + (Interlocked.Read(ref _ticks) * TimestampFrequency / TimeSpan.TicksPerSecond);

    public void Move(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}

/// <summary>An identity that speaks HTTP.</summary>
public sealed class TestCaller(ApiHost host, SigningKey key)
{
    public SigningKey Key => key;

    public string Id { get; init; } = IdentityIds.ForFirstKey(key.KeyId, "");

    public RequestSigner Signer => new(key, Id, host.Time);

    public TokenIssuer Tokens => new(key, Id, "depin-test", host.Time);

    public TestCaller With(SigningKey other) => new(host, other) { Id = Id };

    public Task<HttpResponseMessage> PostAsync(string path, object body, string? idempotencyKey = null) => SendAsync(HttpMethod.Post, path, body, idempotencyKey);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, string? idempotencyKey = null)
    {
        using var request = await SignedAsync(method, path, body, idempotencyKey);
        return await host.Client.SendAsync(request);
    }

    public async Task<HttpRequestMessage> SignedAsync(HttpMethod method, string path, object? body, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(method, new Uri(host.Address, path)) { Content = body is null ? null : JsonBody.Of(body) };
        await Signer.SignAsync(request, idempotencyKey);
        return request;
    }

    public async Task<HttpResponseMessage> GetAsync(string path, params string[] scopes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, path));
        request.Headers.Authorization = new("Bearer", Tokens.Issue(scopes.Length == 0 ? ["read"] : [.. scopes]));
        return await host.Client.SendAsync(request);
    }
}

public static class JsonBody
{
    private static readonly System.Text.Json.JsonSerializerOptions Web = new(System.Text.Json.JsonSerializerDefaults.Web);

    public static HttpContent Of(object body) => body is string text
        ? new StringContent(text, System.Text.Encoding.UTF8, "application/json")
        : new ByteArrayContent(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(body, Web)) { Headers = { ContentType = new("application/json") } };
}
