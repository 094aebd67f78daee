using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>
/// A tenant that works without a pause: transfers in two tokens, deployments made, topped up and closed. Each command has a key of its own and is sent under it until it is answered; all answers
/// are kept. From them alone follows what the network must know in the end.
/// </summary>
internal sealed class LoadClient(string url, int number, string sdl) : IDisposable
{
    public const long Purse = 1_000_000_000;
    private const long Deposit = 500_000;

    private readonly ApiClient _api = new(url);
    private readonly Random _random = new(number);
    private readonly ConcurrentDictionary<string, long> _received = new();
    private readonly Dictionary<string, long> _spent = new() { ["uact"] = 0, ["uakt"] = 0 };
    private readonly Dictionary<string, long> _open = [];
    private readonly List<string> _closed = [];
    private readonly List<(string Path, string Body, string Key, ApiAnswer Answer)> _answered = [];
    private int _count;

    public string Id => _api.Id;

    /// <summary>Commands answered so far.</summary>
    public int Answered => Volatile.Read(ref _count);

    /// <summary>Registers and takes play money in both tokens.</summary>
    public async Task BeginAsync()
    {
        Assert.Equal(201, (await _api.RegisterAsync()).Status);
        foreach (var token in _spent.Keys)
        {
            await DoneAsync($"/v1/ledgers/{token}/faucet", $$"""{"amount":{{Purse}}}""");
        }
    }

    /// <summary>Works until told to stop; whatever the server does meanwhile.</summary>
    public async Task WorkAsync(LoadClient[] others, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var dice = _random.Next(100);
            if (dice < 12)
            {
                var created = await DoneAsync("/v1/deployments", new JsonObject { ["sdl"] = sdl, ["deposit"] = Deposit }.ToJsonString());
                _open.Add((string)created["id"]!, Deposit);
            }
            else if (dice < 24 && _open.Count > 0)
            {
                var id = _open.Keys.ElementAt(_random.Next(_open.Count));
                var amount = _random.Next(1, 1_000);
                await DoneAsync($"/v1/deployments/{id}/deposits", $$"""{"amount":{{amount}}}""");
                _open[id] += amount;
            }
            else if (dice < 32 && _open.Count > 0)
            {
                var id = _open.Keys.ElementAt(_random.Next(_open.Count));
                Assert.Equal("closed", (string?)(await DoneAsync($"/v1/deployments/{id}/close", "{}"))["status"]);
                _open.Remove(id);
                _closed.Add(id);
            }
            else
            {
                var token = dice < 66 ? "uact" : "uakt";
                var other = others[_random.Next(others.Length)];
                if (other == this)
                {
                    continue;
                }

                var amount = _random.Next(1, 1_000);
                await DoneAsync($"/v1/ledgers/{token}/transfers", $$"""{"to":"{{other.Id}}","amount":{{amount}},"memo":"load"}""");
                _spent[token] += amount;
                other._received.AddOrUpdate(token, amount, (_, sum) => sum + amount);
            }
        }
    }

    /// <summary>Everything that was acknowledged is there, and nothing else.</summary>
    public async Task CheckAsync()
    {
        foreach (var (token, spent) in _spent)
        {
            var balance = await _api.GetAsync($"/v1/ledgers/{token}/balance");
            var wanted = Purse - spent + _received.GetValueOrDefault(token) - (token == "uact" ? _open.Values.Sum() : 0);
            Assert.Equal((wanted, 0L), ((long)balance["available"]!, (long)balance["held"]!));
        }

        foreach (var (id, deposited) in _open)
        {
            Assert.Equal("active", (string?)(await _api.GetAsync($"/v1/deployments/{id}"))["status"]);
            Assert.Equal(deposited, (long)(await _api.GetAsync($"/v1/deployments/{id}/escrow"))["funds"]!);
        }

        foreach (var id in _closed)
        {
            Assert.Equal("closed", (string?)(await _api.GetAsync($"/v1/deployments/{id}"))["status"]);
        }
    }

    /// <summary>Every command once more under its key: the same answer where it is final (money's receipts to the byte), and no effect, which <see cref="CheckAsync"/> sees.</summary>
    public async Task SendAllAgainAsync()
    {
        foreach (var (path, body, key, first) in _answered)
        {
            var again = await _api.CommandAsync(path, body, key);
            Assert.True(first.Status == again.Status, $"{path} answered {first.Status}, then {again.Status} {again.Body}");
            if (path.StartsWith("/v1/ledgers", StringComparison.Ordinal))
            {
                Assert.Equal(first.Body, again.Body);
            }
            else if (path == "/v1/deployments")
            {
                Assert.Equal((string?)first.Json["id"], (string?)again.Json["id"]);
            }
        }
    }

    public void Dispose() => _api.Dispose();

    private async Task<JsonNode> DoneAsync(string path, string body)
    {
        var key = RequestSigner.NewIdempotencyKey();
        var answer = await _api.CommandAsync(path, body, key);
        Assert.True(answer.IsSuccess, $"{path} {body[..Math.Min(80, body.Length)]}: {answer.Status} {answer.Body}");
        _answered.Add((path, body, key, answer));
        Interlocked.Increment(ref _count);
        return answer.Json;
    }
}

/// <summary>Many <see cref="LoadClient"/>s at once.</summary>
internal sealed class Load(string url, int clients) : IAsyncDisposable
{
    /// <summary>An order nobody here can serve: it stays open and costs nothing.</summary>
    private static readonly string Sdl = File.ReadAllText(Path.Combine(Programs.Repository, "samples", "gpu.yaml"));

    private readonly CancellationTokenSource _stop = new();
    private readonly LoadClient[] _clients = [.. Enumerable.Range(0, clients).Select(i => new LoadClient(url, i, Sdl))];
    private Task _work = Task.CompletedTask;

    private int Answered => _clients.Sum(static c => c.Answered);

    public async Task BeginAsync()
    {
        await Task.WhenAll(_clients.Select(static c => c.BeginAsync()));
        _work = Task.WhenAll(_clients.Select(c => c.WorkAsync(_clients, _stop.Token)));
    }

    /// <summary>Waits until that many more commands were answered.</summary>
    public async Task ProgressAsync(int more)
    {
        var from = Answered;
        await Programs.EventuallyAsync($"{more} more answers", () => _work.IsFaulted ? throw _work.Exception.InnerException! : Task.FromResult(Answered >= from + more ? "yes" : null), 180);
    }

    /// <summary>Ends the work when the last commands are answered, and holds the network to every answer it gave.</summary>
    public async Task AuditAsync()
    {
        await _stop.CancelAsync();
        await _work;
        await CheckAsync();
        await Task.WhenAll(_clients.Select(static c => c.SendAllAgainAsync()));
        await CheckAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(200));
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        _stop.Dispose();
    }

    /// <summary>The auditor of every token finds nothing.</summary>
    public async Task BooksAreCleanAsync()
    {
        using var auditor = new ApiClient(url);
        Assert.Equal(201, (await auditor.RegisterAsync()).Status);
        foreach (var token in (string[])["uact", "uakt", "uusdc"])
        {
            var audit = await auditor.GetAsync($"/v1/ledgers/{token}/audit");
            Assert.True((bool)audit["isClean"]!, audit.ToJsonString());
        }
    }

    /// <summary>Everything acknowledged is there, and nothing else.</summary>
    public Task CheckAsync() => Task.WhenAll(_clients.Select(static c => c.CheckAsync()));
}
