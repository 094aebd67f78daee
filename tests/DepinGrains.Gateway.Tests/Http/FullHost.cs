using System.Net;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Grains;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
#if !LOCAL_RUNTIME
using Orleans.Hosting;
#endif

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>The whole gateway over all grains on a real store, no agent: what the API serves and refuses.</summary>
public sealed class FullHost : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-full-gateway-").FullName;
    private WebApplication _app = null!;

    public Uri Address { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    /// <summary>Starts; <paramref name="postgres"/> null means SQLite.</summary>
    public static async Task<FullHost> StartAsync(string? postgres = null)
    {
        var host = new FullHost();
        await host.RunAsync(postgres);
        return host;
    }

    public async Task<(SigningKey Key, string Id)> RegisterAsync()
    {
        var key = SigningKey.Generate();
        var id = IdentityIds.ForFirstKey(key.KeyId, "");
        using var answer = await SendAsync(key, HttpMethod.Post, "/v1/identities", System.Text.Json.JsonSerializer.Serialize(new { publicKey = key.PublicKey, salt = "", label = "test", roles = (string[])["tenant", "provider", "auditor"] }));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (key, id);
    }

    /// <summary>A signed request with a body as it is, hostile or not; bodies over the limit are asked for first (100-continue), so that the refusal arrives.</summary>
    public async Task<HttpResponseMessage> SendAsync(SigningKey key, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path)) { Content = body is null ? null : JsonBody.Of(body) };
        var id = IdentityIds.ForFirstKey(key.KeyId, "");
        if (method == HttpMethod.Get)
        {
            request.Headers.Authorization = new("Bearer", new TokenIssuer(key, id, "depin-test").Issue(["read"]));
        }
        else
        {
            await new RequestSigner(key, id).SignAsync(request);
        }

        request.Headers.ExpectContinue = body is { Length: > 500_000 };
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunAsync(string? postgres)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Http:Network"] = "depin-test",
            ["Http:CallerRequestsPerSecond"] = "0",
            ["Http:AddressRequestsPerSecond"] = "0",
            ["Faucet:Enabled"] = "true",
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]),
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        builder.Services.AddDepinStore(
            store => (store.Kind, store.Connection) = postgres is null ? ("sqlite", Path.Combine(_folder, "test.db")) : ("postgres", postgres), MarketServices.Tables);
        builder.Services.AddMarket(builder.Configuration);
        builder.Services.AddDepinGateway(builder.Configuration);
#if LOCAL_RUNTIME
        DepinGrains.LocalRuntime.Hosting.LocalGrainServiceCollectionExtensions.AddLocalGrains(builder.Services, static options => options.AddAssembly(typeof(MarketServices).Assembly));
#else
        builder.UseOrleans(static silo =>
        {
            silo.UseLocalhostClustering(FreePort(), FreePort(), null, "t" + Guid.NewGuid().ToString("N"));
            silo.UseInMemoryReminderService();
        });
#endif
        _app = builder.Build();
        await _app.Services.GetRequiredService<IStoreMigrator>().MigrateAsync();
        _app.MapDepinGateway();
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
    }

#if !LOCAL_RUNTIME
    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
#endif
}
