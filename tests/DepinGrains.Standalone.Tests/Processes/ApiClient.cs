using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>What a server said: status, body as text.</summary>
internal readonly record struct ApiAnswer(int Status, string Body)
{
    public JsonNode Json => JsonNode.Parse(Body)!;

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The refusal's stable code, or null.</summary>
    public string? Code => IsSuccess || !Body.StartsWith('{') ? null : (string?)Json["code"];

    /// <summary>The answer itself says that what became of the request is unknown.</summary>
    public bool IsUnknown => Status == 503;
}

/// <summary>One identity that speaks to the API from within the test: cheaper than a process of <c>depin</c> per request.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly SigningKey _key;
    private readonly RequestSigner _signer;
    private readonly TokenIssuer _tokens;
    private readonly HttpClient _http;

    /// <param name="url">The server.</param>
    /// <param name="keyFile">A key to share with <c>depin</c>, or null for a new one.</param>
    public ApiClient(string url, string? keyFile = null)
    {
        _key = keyFile is null ? SigningKey.Generate() : SigningKey.LoadOrCreate(keyFile);
        Id = IdentityIds.ForFirstKey(_key.KeyId, "");
        _signer = new RequestSigner(_key, Id);
        _tokens = new TokenIssuer(_key, Id, "depin-local");
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(60) };
    }

    public string Id { get; }

    /// <summary>The hotkey that the identity's first key is.</summary>
    public string Hotkey => IdentityIds.Reference(Id, _key.KeyId);

    /// <summary>Exactly one request.</summary>
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, string? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(_http.BaseAddress!, path)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (method == HttpMethod.Get)
        {
            request.Headers.Authorization = new("Bearer", _tokens.Issue([Scopes.Read]));
        }
        else
        {
            await _signer.SignAsync(request, key);
        }

        using var answer = await _http.SendAsync(request);
        return new ApiAnswer((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A command under one key, sent again until the server says what became of it, at most <paramref name="seconds"/>.</summary>
    public Task<ApiAnswer> CommandAsync(string path, string body, string? key = null, int seconds = 180)
    {
        key ??= RequestSigner.NewIdempotencyKey();
        return UntilKnownAsync(() => SendAsync(HttpMethod.Post, path, body, key), $"an answer to POST {path}", seconds);
    }

    /// <summary>Reads until the server answers.</summary>
    public async Task<JsonNode> GetAsync(string path, int seconds = 180)
    {
        var answer = await UntilKnownAsync(() => SendAsync(HttpMethod.Get, path), $"an answer to GET {path}", seconds);
        Assert.True(answer.IsSuccess, $"GET {path}: {answer.Status} {answer.Body}");
        return answer.Json;
    }

    public Task<ApiAnswer> RegisterAsync() =>
        CommandAsync("/v1/identities", $$"""{"publicKey":"{{_key.PublicKey}}","salt":"","label":"test","roles":["tenant","provider"]}""");

    public void Dispose()
    {
        _http.Dispose();
        _key.Dispose();
    }

    private static async Task<ApiAnswer> UntilKnownAsync(Func<Task<ApiAnswer>> send, string what, int seconds)
    {
        ApiAnswer last = default;
        await Programs.EventuallyAsync(what, async () => (last = await send()).IsUnknown ? null : "known", seconds);
        return last;
    }
}
