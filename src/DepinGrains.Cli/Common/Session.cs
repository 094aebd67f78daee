using System.CommandLine;
using System.Net.Http.Json;
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
    private readonly SigningKey _key;
    private readonly HttpClient _http;

    private Session(ParseResult parse)
    {
        Json = parse.GetValue(GlobalOptions.Output) == OutputFormat.Json;
        _key = SigningKey.LoadOrCreate(parse.GetValue(GlobalOptions.Key)!);
        Identity = IdentityIds.ForFirstKey(_key.KeyId, "");
        var signer = new RequestSigner(_key, Identity);
        var tokens = new TokenIssuer(_key, Identity, parse.GetValue(GlobalOptions.Network)!);
        _http = new HttpClient(new SigningHandler(signer, tokens, [Scopes.Read, "leases:shell"]) { InnerHandler = new SocketsHttpHandler() })
        {
            BaseAddress = new Uri(parse.GetValue(GlobalOptions.Server)!),
            Timeout = TimeSpan.FromMinutes(2),
        };
    }

    /// <summary>The caller's identity.</summary>
    public string Identity { get; }

    /// <summary>Pure JSON on stdout.</summary>
    public bool Json { get; }

    /// <summary>Runs a command's body: refusals and unreachable servers become one line on stderr and exit code 1.</summary>
    public static async Task<int> RunAsync(ParseResult parse, Func<Session, Task<int>> body)
    {
        ArgumentNullException.ThrowIfNull(parse);
        try
        {
            using var session = new Session(parse);
            return await body(session);
        }
        catch (ApiException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
        catch (HttpRequestException away)
        {
            await Console.Error.WriteLineAsync($"cannot reach {parse.GetValue(GlobalOptions.Server)}: {away.Message}");
            return 1;
        }
    }

    /// <summary>GET, as a JSON tree.</summary>
    public async Task<JsonNode> GetAsync(string path) => await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, path));

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
        return all;
    }

    /// <summary>POST with an idempotency key of its own; a caller the network does not know yet is registered first.</summary>
    public Task<JsonNode> PostAsync(string path, object body) => PostAsync(path, body, RequestSigner.NewIdempotencyKey());

    /// <summary>The same under a key of the caller's: sent again it is the same request.</summary>
    public async Task<JsonNode> PostAsync(string path, object body, string key)
    {
        HttpRequestMessage Make()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
            request.Headers.Add("Idempotency-Key", key);
            return request;
        }

        try
        {
            return await SendAsync(Make);
        }
        catch (ApiException unknown) when (unknown.Code is "identity.not_found" or "identity.signer_unknown" or "identity.key_unknown")
        {
            await MyIdentityAsync();
            return await SendAsync(Make);
        }
    }

    /// <summary>The caller's identity, registered when the network does not know it; an earlier command may have done so.</summary>
    public async Task<JsonNode> MyIdentityAsync()
    {
        try
        {
            return await RegisterAsync();
        }
        catch (ApiException known) when (known.Code == "identity.exists")
        {
            return await GetAsync("/v1/identities/me");
        }
    }

    /// <summary>Registers the caller as tenant and provider; <c>identity.exists</c> when it is already.</summary>
    private Task<JsonNode> RegisterAsync() => SendAsync(() => new HttpRequestMessage(HttpMethod.Post, "/v1/identities")
    {
        Content = JsonContent.Create(new { publicKey = _key.PublicKey, label = Environment.UserName, roles = (string[])["tenant", "provider", "auditor"] }),
    });

    /// <summary>Lines of a text or event stream as they come.</summary>
    public async IAsyncEnumerable<string> LinesAsync(string path, string? lastEventId = null, [EnumeratorCancellation] CancellationToken cancel = default)
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

        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            yield return line;
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
    public int ShowTable(JsonArray items, params (string Title, Func<JsonNode, string?> Cell)[] columns) => Show(items, _ =>
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
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _key.Dispose();
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private async Task<JsonNode> SendAsync(Func<HttpRequestMessage> make)
    {
        using var request = make();
        using var answer = await _http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            throw await ApiException.OfAsync(answer);
        }

        return await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync()) ?? throw new ApiException("", "the answer is empty");
    }
}
