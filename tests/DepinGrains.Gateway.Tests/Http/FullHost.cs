using System.Net;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Grains;
using DepinGrains.Storage.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>The whole gateway over all grains on a real store, no agent: what the API serves and refuses.</summary>
public sealed class FullHost : TestHost
{
    private readonly Dictionary<string, string?> _settings;
    private readonly string? _postgres;
    private readonly Action<IServiceCollection>? _configure;

    private FullHost(string? postgres, Dictionary<string, string?>? settings, Action<IServiceCollection>? configure) => (_postgres, _settings, _configure) = (postgres, settings ?? [], configure);

    protected override Dictionary<string, string?> Settings => new(_settings) { ["Faucet:Enabled"] = "true" };

    /// <summary>Starts; <paramref name="postgres"/> null means SQLite; <paramref name="configure"/> may put something before what is registered.</summary>
    public static async Task<FullHost> StartAsync(string? postgres = null, Dictionary<string, string?>? settings = null, Action<IServiceCollection>? configure = null)
    {
        var host = new FullHost(postgres, settings, configure);
        await host.InitializeAsync();
        return host;
    }

    public async Task<(SigningKey Key, string Id)> RegisterAsync()
    {
        var key = SigningKey.Generate();
        return (key, await RegisterAsync(key, "tenant", "provider", "auditor"));
    }

    public async Task<string> RegisterAsync(SigningKey key, params string[] roles)
    {
        using var answer = await SendAsync(key, HttpMethod.Post, "/v1/identities", System.Text.Json.JsonSerializer.Serialize(new { publicKey = key.PublicKey, salt = "", label = "test", roles }));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return IdentityIds.ForFirstKey(key.KeyId, "");
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

    protected override void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddDepinStore(store => (store.Kind, store.Connection) = _postgres is null ? ("sqlite", Database) : ("postgres", _postgres), MarketServices.Tables);
        builder.Services.AddMarket(builder.Configuration);
        builder.Services.AddDepinGateway(builder.Configuration);
        _configure?.Invoke(builder.Services);
    }

    protected override void Map(WebApplication app) => app.MapDepinGateway();
}
