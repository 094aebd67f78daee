using System.Net;
using System.Net.Sockets;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Identities;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Network;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
#if !LOCAL_RUNTIME
using Orleans.Hosting;
#endif

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>The HTTP layer, the identity endpoints and a few endpoints of the tests' own, on a real Kestrel at a loopback port, over real grains and a real SQLite file.</summary>
public class ApiHost : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "depin-gateway-tests-" + Guid.NewGuid().ToString("N"));
    private WebApplication _app = null!;

    public MovedTime Time { get; } = new();

    public Uri Address { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    /// <summary>Key whose identity may be an operator.</summary>
    public SigningKey OperatorKey { get; } = SigningKey.Generate();

    protected virtual Dictionary<string, string?> Settings => [];

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Http:Network"] = "depin-test",
            ["Http:BodyBytesMax"] = "65536",
            ["Http:StreamHeartbeatSeconds"] = "1",
            ["Http:CallerRequestsPerSecond"] = "0",
            ["Http:AddressRequestsPerSecond"] = "0",
            ["Identities:OperatorKeys:0"] = OperatorKey.KeyId,
        });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        builder.Services.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, Time);
        builder.Services.AddOptions<NetworkOptions>();
        builder.Services.AddSingleton<NetworkClock>();
        builder.Services.AddIdentities(builder.Configuration);
        builder.Services.AddDepinStore(store => store.Connection = Path.Combine(_folder, "test.db"), IdentityState.Tables);
        AddGrains(builder);
        builder.Services.AddDepinHttp(builder.Configuration);
        builder.Services.AddDepinOpenApi();
        _app = builder.Build();
        await _app.Services.GetRequiredService<IStoreMigrator>().MigrateAsync();
        _app.UseDepinHttp();
        _app.MapOpenApi().AllowAnonymous();
        _app.MapIdentityEndpoints();
        TestEndpoints.Map(_app);
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        Client = NewClient();
    }

    public HttpClient NewClient() => new(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };

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

    /// <summary>Begins to stop the host, as Ctrl-C does.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Registers a new identity and answers a client that signs and sends tokens as it.</summary>
    public async Task<TestCaller> RegisterAsync(SigningKey? first = null, params string[] roles)
    {
        var caller = new TestCaller(this, first ?? SigningKey.Generate());
        var response = await caller.PostAsync("/v1/identities", new { publicKey = caller.Key.PublicKey, salt = "", label = "test", roles = roles.Length == 0 ? ["tenant"] : roles });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return caller;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        OperatorKey.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    private static void AddGrains(WebApplicationBuilder builder)
    {
#if LOCAL_RUNTIME
        DepinGrains.LocalRuntime.Hosting.LocalGrainServiceCollectionExtensions.AddLocalGrains(builder.Services, static options => options.AddAssembly(typeof(IdentityGrain).Assembly));
#else
        builder.UseOrleans(static silo => silo.UseLocalhostClustering(FreePort(), FreePort(), null, "t" + Guid.NewGuid().ToString("N")));
#endif
    }

#if !LOCAL_RUNTIME
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
#endif
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
