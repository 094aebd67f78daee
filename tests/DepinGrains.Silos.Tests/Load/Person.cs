using System.Collections.Immutable;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Silos.Tests.Processes;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>
/// Somebody who uses the API as its documentation says: a command is sent, under one idempotency key, to any gateway until an answer other than 503 (or none) comes. With probability 0.2 a
/// command that was answered is sent once more to another gateway and must be answered alike.
/// </summary>
internal sealed class Person : IDisposable
{
    private const double AgainProbability = 0.2;
    private const string Network = "depin-local";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private readonly SigningKey _key;
    private readonly ImmutableArray<HttpClient> _clients;
    private readonly RequestSigner _signer;
    private readonly Random _random;

    public Person(ImmutableArray<Uri> gateways, int seed, SigningKey? key = null)
    {
        _key = key ?? SigningKey.Generate();
        Identity = IdentityIds.ForFirstKey(_key.KeyId, "");
        _signer = new RequestSigner(_key, Identity);
        _random = new Random(seed);
        var tokens = new TokenIssuer(_key, Identity, Network);
        _clients = [.. gateways.Select(address => new HttpClient(new SigningHandler(_signer, tokens, ["read", "leases:shell"]) { InnerHandler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) } })
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromSeconds(30),
        })];
    }

    public string Identity { get; }

    public SigningKey Key => _key;

    /// <summary>Answers that a repetition did not get alike; must stay empty.</summary>
    public List<string> Contradictions { get; } = [];

    /// <summary>How many answered commands were sent once more to the other gateway.</summary>
    public int Repeats { get; private set; }

    /// <summary>How many tries ended with 503, a broken connection or no answer.</summary>
    public int Retries { get; private set; }

    public Task RegisterAsync(params string[] roles) => SendAsync(HttpMethod.Post, "/v1/identities", new { publicKey = _key.PublicKey, label = "test", roles });

    /// <summary>A one-time token for a node of this provider.</summary>
    public async Task<string> JoinTokenAsync() => (string)(await SendAsync(HttpMethod.Post, "/v1/providers/join-tokens", new { lifetimeSeconds = 600 })).Body!["token"]!;

    /// <summary>A command until it is answered: its status and body.</summary>
    public async Task<(int Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancel = default)
    {
        var key = RequestSigner.NewIdempotencyKey();
        var at = _random.Next(_clients.Length);
        var answer = await UntilAnsweredAsync(method, path, body, key, at, cancel);
        if (_random.NextDouble() < AgainProbability)
        {
            Repeats++;
            var again = await UntilAnsweredAsync(method, path, body, key, at + 1, cancel);
            if (again.Status != answer.Status || (answer.Status < 300 && path.EndsWith("/transfers", StringComparison.Ordinal) && !JsonNode.DeepEquals(again.Body, answer.Body)))
            {
                Contradictions.Add($"{method} {path}: {answer.Status} {answer.Body?.ToJsonString()} then {again.Status} {again.Body?.ToJsonString()}");
            }
        }

        return answer;
    }

    /// <summary>A read until it is answered with success.</summary>
    public async Task<JsonNode> ReadAsync(string path, CancellationToken cancel = default)
    {
        var answer = await UntilAnsweredAsync(HttpMethod.Get, path, null, null, _random.Next(_clients.Length), cancel);
        return answer.Status == 200 ? answer.Body! : throw new InvalidOperationException($"GET {path}: {answer.Status} {answer.Body?.ToJsonString()}");
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        _key.Dispose();
    }

    private async Task<(int Status, JsonNode? Body)> UntilAnsweredAsync(HttpMethod method, string path, object? body, string? key, int at, CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
                if (key is not null)
                {
                    request.Headers.Add("Idempotency-Key", key);
                }

                using var answer = await _clients[(at + attempt) % _clients.Length].SendAsync(request, cancel);
                var text = await answer.Content.ReadAsStringAsync(cancel);
                if ((int)answer.StatusCode is not (503 or 429))
                {
                    return ((int)answer.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : null);
                }
            }
            catch (Exception problem) when (problem is HttpRequestException or IOException or TaskCanceledException && !cancel.IsCancellationRequested)
            {
                // A gateway that was slow or went away: the outcome is unknown, the same key asks again.
            }

            Retries++;
            cancel.ThrowIfCancellationRequested();
            await Eventually.PauseAsync(Pause);
        }
    }
}
