using System.CommandLine;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using Spectre.Console;

namespace DepinGrains.Cli.Common;

/// <summary>One run of a command: who calls, whom, and how answers are shown. Requests are signed, reads carry a short-lived token.</summary>
public sealed class Session : IDisposable
{
    /// <summary>Longest event of a stream that is read.</summary>
    public const int EventBytesMax = 4 * 1024 * 1024;

    private readonly ParseResult _parse;
    private readonly SigningKey _key;
    private readonly SigningHandler _handler;
    private readonly HttpClient _http;
    private readonly AskAgain _again;
    private readonly RequestIds _ids;

    private Session(ParseResult parse, string keyFile, string? identity)
    {
        _parse = parse;
        Json = parse.GetValue(GlobalOptions.Output) == OutputFormat.Json;
        var server = parse.GetValue(GlobalOptions.Server)!;
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new ApiException("cli.server_invalid", $"'{server}' is no address of an API; write http://host:port");
        }

        (_again, _ids) = (new AskAgain(Json), new RequestIds(parse.GetValue(GlobalOptions.RequestId)));
        KeyFile = keyFile;
        _key = LoadKey(KeyFile);
        Identity = KeyOwner.Find(identity, KeyFile) ?? IdentityIds.ForFirstKey(_key.KeyId, "");
        Signer = new RequestSigner(_key, Identity);
        var tokens = new TokenIssuer(_key, Identity, parse.GetValue(GlobalOptions.Network)!);
        _handler = new SigningHandler(Signer, tokens, [Scopes.Read, "leases:shell"]) { InnerHandler = new SocketsHttpHandler() };
        _http = new HttpClient(_handler, disposeHandler: false)
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromMinutes(2),
        };
    }

    /// <summary>The same server, with another key of an identity.</summary>
    public Session With(string keyFile, string identity) => new(_parse, keyFile, identity);

    /// <summary>The API's address.</summary>
    public Uri Server => _http.BaseAddress!;

    /// <summary>The caller's identity.</summary>
    public string Identity { get; }

    /// <summary>The hotkey that the caller's own key is.</summary>
    public string Hotkey => IdentityIds.Reference(Identity, _key.KeyId);

    /// <summary>Signs requests to others than the API.</summary>
    public RequestSigner Signer { get; }

    /// <summary>Fingerprint of the key that signs.</summary>
    public string KeyId => _key.KeyId;

    /// <summary>File of the key that signs.</summary>
    public string KeyFile { get; }

    /// <summary>Pure JSON on stdout.</summary>
    public bool Json { get; }

    /// <summary>
    /// Runs a command's body. Refusals, unreachable servers and unreadable files become a sentence on stderr (with <c>-o json</c> a refusal is the problem as JSON) and an exit code of
    /// <see cref="ExitCodes"/>; stdout stays empty then.
    /// </summary>
    public static async Task<int> RunAsync(ParseResult parse, Func<Session, Task<int>> body)
    {
        ArgumentNullException.ThrowIfNull(parse);
        try
        {
            using var session = new Session(parse, parse.GetValue(GlobalOptions.Key)!, parse.GetValue(GlobalOptions.Identity));
            return await body(session);
        }
        catch (ApiException refused)
        {
            await Console.Error.WriteLineAsync(parse.GetValue(GlobalOptions.Output) == OutputFormat.Json ? refused.Problem.ToJsonString(Indented) : refused.Explain());
            return refused.OutcomeUnknown ? ExitCodes.Unreachable : ExitCodes.Refused;
        }
        catch (Exception away) when (away is HttpRequestException or TaskCanceledException or System.Net.WebSockets.WebSocketException or JsonException)
        {
            await Console.Error.WriteLineAsync($"""
                cannot reach the API at {parse.GetValue(GlobalOptions.Server)}: {away.Message}
                  is it running? 'dotnet run --project src/DepinGrains.Standalone' starts one; --server or DEPIN_SERVER names another
                """);
            return ExitCodes.Unreachable;
        }
        catch (Exception local) when (local is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            await Console.Error.WriteLineAsync(local is System.Security.Cryptography.CryptographicException ? $"{parse.GetValue(GlobalOptions.Key)} is not a P-256 key in PEM: {local.Message}" : local.Message);
            return ExitCodes.Refused;
        }
    }

    /// <summary>GET, as a JSON tree.</summary>
    public async Task<JsonNode> GetAsync(string path) => await SendAsync(null, () => new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Every item of a list, at most <paramref name="max"/>.</summary>
    public async Task<JsonArray> ListAsync(string path, int max = 1_000)
    {
        var all = new JsonArray();
        string? cursor = null;
        do
        {
            var page = await GetAsync(path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "limit=200" + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor)));
            foreach (var item in page["items"]!.AsArray())
            {
                all.Add(item!.DeepClone());
            }

            cursor = (string?)page["nextCursor"];
        }
        while (cursor is not null && all.Count < max);
        if (cursor is not null)
        {
            await Console.Error.WriteLineAsync($"the first {all.Count} of more; the API pages through all: GET {path}");
        }

        return all;
    }

    /// <summary>POST under this run's request id; a caller the network does not know yet is registered first.</summary>
    public Task<JsonNode> PostAsync(string path, object body) => PostAsync(path, body, _ids.Next());

    /// <summary>The same under a key of the caller's: sent again it is the same request.</summary>
    public Task<JsonNode> PostAsync(string path, object body, string key) => ChangeAsync(HttpMethod.Post, path, body, key, null);

    /// <summary>A signed change under this run's request id.</summary>
    public Task<JsonNode> ChangeAsync(HttpMethod method, string path, object? body, string? version = null) => ChangeAsync(method, path, body, _ids.Next(), version);

    /// <summary>A signed change. A caller the network does not know yet is registered first.</summary>
    /// <param name="version">The version the change insists on (If-Match); null: any.</param>
    public Task<JsonNode> ChangeAsync(HttpMethod method, string path, object? body, string key, string? version) => AsMemberAsync(key, () =>
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        if (version is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", $"\"{version}\"");
        }

        return request;
    });

    /// <summary>GET for members only: a caller the network does not know yet is registered first.</summary>
    public Task<JsonNode> GetAsMemberAsync(string path) => AsMemberAsync(null, () => new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>The caller's identity, registered when the network does not know it; an earlier command may have done so.</summary>
    public async Task<JsonNode> MyIdentityAsync()
    {
        if (!OwnsFirstKey)
        {
            return await GetAsync("/v1/identities/me");
        }

        try
        {
            return await RegisterAsync();
        }
        catch (ApiException known) when (known.Code == "identity.exists")
        {
            return await GetAsync("/v1/identities/me");
        }
    }

    /// <summary>False for a key that was added to an identity later: that identity is registered, or is not ours to register.</summary>
    private bool OwnsFirstKey => Identity == IdentityIds.ForFirstKey(_key.KeyId, "");

    private async Task<JsonNode> AsMemberAsync(string? key, Func<HttpRequestMessage> make)
    {
        try
        {
            return await SendAsync(key, make);
        }
        catch (ApiException unknown) when (OwnsFirstKey && unknown.Code is "identity.not_found" or "identity.key_unknown")
        {
            await MyIdentityAsync();
            return await SendAsync(key, make);
        }
    }

    /// <summary>Registers the caller as tenant and provider; <c>identity.exists</c> when it is already.</summary>
    private Task<JsonNode> RegisterAsync() => SendAsync(null, () => new HttpRequestMessage(HttpMethod.Post, "/v1/identities")
    {
        Content = JsonContent.Create(new { publicKey = _key.PublicKey, label = Environment.UserName, roles = (string[])["tenant", "provider", "auditor"] }),
    });

    /// <summary>
    /// Server-sent events as they come. <paramref name="heard"/> is told of all that arrives, signs of life too; an event of more than <see cref="EventBytesMax"/> bytes ends the stream
    /// with an <see cref="IOException"/>.
    /// </summary>
    public async IAsyncEnumerable<SseItem<string>> EventsAsync(string path, string? lastEventId = null, Action? heard = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode)
        {
            throw await ApiException.OfAsync(answer);
        }

        await using var stream = new HeardStream(await answer.Content.ReadAsStreamAsync(cancel), EventBytesMax, heard);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancel))
        {
            stream.Taken();
            yield return item;
        }
    }

    /// <summary>Lines of an answer as they come. One that breaks off in the middle throws like a server that cannot be reached.</summary>
    public async IAsyncEnumerable<string> LinesAsync(string path, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode)
        {
            throw await ApiException.OfAsync(answer);
        }

        await using var stream = new HeardStream(await answer.Content.ReadAsStreamAsync(cancel), EventBytesMax, null);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            yield return line;
            stream.Taken();
        }
    }

    /// <summary>A WebSocket with the caller's token. A server that does not switch protocols is asked again plainly, for the reason as problem+json.</summary>
    public async Task<ClientWebSocket> ConnectAsync(string path)
    {
        var address = new Uri(_http.BaseAddress!, path);
        var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(_handler, disposeHandler: false);
        try
        {
            await socket.ConnectAsync(new UriBuilder(address) { Scheme = address.Scheme == "https" ? "wss" : "ws" }.Uri, invoker, CancellationToken.None);
            return socket;
        }
        catch (WebSocketException)
        {
            socket.Dispose();
            using var plain = await _http.GetAsync(address);
            throw await ApiException.OfAsync(plain);
        }
    }

    /// <summary>Prints an answer: the tree as JSON, or what <paramref name="show"/> draws.</summary>
    public int Show(JsonNode answer, Action<JsonNode> show)
    {
        if (Json)
        {
            Console.Out.WriteLine(answer.ToJsonString(Indented));
        }
        else
        {
            show(answer);
        }

        return 0;
    }

    /// <summary>A table of a list.</summary>
    public int ShowTable(JsonArray items, params (string Title, Func<JsonNode, string?> Cell)[] columns) => Show(items, _ => Draw(items, columns));

    /// <summary>Draws a table; for answers that hold several.</summary>
    public static void Draw(JsonArray items, params (string Title, Func<JsonNode, string?> Cell)[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (title, _) in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(title)).NoWrap());
        }

        foreach (var item in items)
        {
            table.AddRow([.. columns.Select(c => Markup.Escape(c.Cell(item!) ?? ""))]);
        }

        Terminal.Write(table);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
        _key.Dispose();
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The key of a file, made when absent.</summary>
    /// <exception cref="ApiException">It can be neither read nor made.</exception>
    public static SigningKey LoadKey(string path)
    {
        try
        {
            return SigningKey.LoadOrCreate(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ApiException("cli.key_unusable", $"the key file '{path}' can be neither read nor made: {problem.Message} Name another with --key or DEPIN_KEY.");
        }
    }

    /// <summary><paramref name="make"/> makes the same request each time, under the same idempotency key where it changes something: it has one effect however often it is sent.</summary>
    private Task<JsonNode> SendAsync(string? key, Func<HttpRequestMessage> make) => _again.SendAsync(key is null ? null : _ids.ToRepeat(key), () => SendOnceAsync(make));

    private async Task<JsonNode> SendOnceAsync(Func<HttpRequestMessage> make)
    {
        using var request = make();
        using var answer = await _http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            throw await ApiException.OfAsync(answer);
        }

        // Every answer has a body: one without was broken off.
        var body = await answer.Content.ReadAsByteArrayAsync();
        return body.Length == 0 ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "the answer is empty") : JsonNode.Parse(body) ?? throw new ApiException("", "the answer is null");
    }
}
