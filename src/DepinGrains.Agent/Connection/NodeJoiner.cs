using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Connection;

/// <summary>Joins the network once: token in, node id out. The idempotency key makes a lost answer harmless: asked again, the gateway answers the same id.</summary>
internal sealed class NodeJoiner(AgentOptions options, NodeIdentity identity)
{
    private const int AnswerBytesMax = 64 << 10;

    /// <exception cref="AgentRefusedException">A definite no.</exception>
    /// <exception cref="HttpRequestException">Try again, elsewhere or later.</exception>
    public async Task JoinAsync(HttpClient http, Uri gateway, HardwareInventory hardware, CancellationToken cancellationToken)
    {
        var token = await TokenAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(gateway, "v1/nodes/join"))
        {
            Content = JsonContent.Create(new NodeJoinRequest(token, identity.PublicKey, hardware), options: AgentProtocolJson.Options),
        };
        request.Headers.Add("Idempotency-Key", identity.JoinKey);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await http.SendAsync(request, cancellationToken);
        var body = await ReadAsync(response, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            identity.Joined(NodeIdOf(body) ?? throw new HttpRequestException("the join's answer names no node"));
            return;
        }

        if (response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)response.StatusCode is < 400 or >= 500)
        {
            throw new HttpRequestException($"join answered {(int)response.StatusCode}", null, response.StatusCode);
        }

        var (code, detail) = ProblemOf(body, response.StatusCode);
        throw new AgentRefusedException(code, detail);
    }

    private async Task<string> TokenAsync(CancellationToken cancellationToken)
    {
        var token = options.JoinToken
            ?? (options.JoinTokenFile is { Length: > 0 } file ? (await File.ReadAllTextAsync(file, cancellationToken)).Trim() : null)
            ?? (options.JoinTokenSource is { } source ? await source(cancellationToken) : null);
        return string.IsNullOrWhiteSpace(token)
            ? throw new AgentRefusedException("agent.no_join_token", "this node has not joined yet and no join token was given (--join-token, --join-token-file)")
            : token;
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(AnswerBytesMax, cancellationToken);
            return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static string? NodeIdOf(JsonElement body)
    {
        foreach (var name in (string[])["nodeId", "node", "id"])
        {
            if (body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
            {
                return value.GetString();
            }
        }

        return null;
    }

    private static (string Code, string Detail) ProblemOf(JsonElement body, HttpStatusCode status)
    {
        string Text(string name, string otherwise) =>
            body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : otherwise;
        return (Text("code", "agent.join_refused"), Text("detail", Text("title", $"the gateway answered {(int)status}")));
    }
}
