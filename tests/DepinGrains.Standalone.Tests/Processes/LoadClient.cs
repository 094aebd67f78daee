using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>
/// A tenant that works without a pause: transfers in two tokens, deployments made (with and without a lease), topped up and closed. Each command has a key of its own and is sent under it until it is answered; all answers
/// are kept. From them alone follows what the network must know in the end.
/// </summary>
internal sealed class LoadClient(string url, int number, string unserved, string? leased) : IDisposable
{
    public const long Purse = 1_000_000_000;
    private const long Deposit = 500_000;

    private readonly ApiClient _api = new(url);
    private readonly Random _random = new(number);
    private readonly ConcurrentDictionary<string, long> _received = new();
    private readonly Dictionary<string, long> _spent = new() { ["uact"] = 0, ["uakt"] = 0 };
    private readonly Dictionary<string, long> _open = [];
    private readonly HashSet<string> _leased = [];
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
            if (dice < 16)
            {
                var created = await DoneAsync("/v1/deployments", new JsonObject { ["sdl"] = dice < 6 || leased is null ? unserved : leased, ["deposit"] = Deposit }.ToJsonString());
                var id = (string)created["id"]!;
                _open.Add(id, Deposit);
                if (dice >= 6 && leased is not null)
                {
                    _leased.Add(id);
                }
            }
            else if (dice < 24 && _open.Count > 0)
            {
                var id = _open.Keys.ElementAt(_random.Next(_open.Count));
                var amount = _random.Next(1, 1_000);
                await DoneAsync($"/v1/deployments/{id}/deposits", $$"""{"amount":{{amount}}}""");
                _open[id] += amount;
            }
            else if (dice < 36 && _open.Count > 0)
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

    /// <summary>Everything that was acknowledged is there, and nothing else. What leases cost is the network's to say, once; all else follows from the answers.</summary>
    public async Task CheckAsync()
    {
        var cost = 0L;
        foreach (var (id, deposited) in _open)
        {
            // An order acknowledged while its provider's node was coming back is offered to it again by itself.
            var deployment = await Programs.EventuallyAsync($"{id} has a lease, or none if none was ordered", async () =>
                await _api.GetAsync($"/v1/deployments/{id}") is var now && now["groups"]![0]!["order"]!["leaseId"] is not null == _leased.Contains(id) ? now : null);
            Assert.Equal("active", (string?)deployment["status"]);
            var escrow = await _api.GetAsync($"/v1/deployments/{id}/escrow");
            Assert.Equal(deposited, (long)escrow["funds"]! + (long)escrow["costSoFar"]!);
        }

        foreach (var id in _closed)
        {
            Assert.Equal("closed", (string?)(await _api.GetAsync($"/v1/deployments/{id}"))["status"]);
            var escrow = await _api.GetAsync($"/v1/deployments/{id}/escrow");
            Assert.Equal(0L, (long)escrow["funds"]!);
            Assert.True(_leased.Contains(id) || (long)escrow["costSoFar"]! == 0, escrow.ToJsonString());
            cost += (long)escrow["costSoFar"]!;
        }

        foreach (var (token, spent) in _spent)
        {
            var balance = await _api.GetAsync($"/v1/ledgers/{token}/balance");
            var wanted = Purse - spent + _received.GetValueOrDefault(token) - (token == "uact" ? _open.Values.Sum() + cost : 0);
            Assert.Equal((wanted, 0L), ((long)balance["available"]!, (long)balance["held"]!));
        }
    }

    /// <summary>The leases of its open deployments, each of them active.</summary>
    public async Task<IReadOnlyList<string>> LeasesAsync()
    {
        var leases = new List<string>();
        foreach (var id in _leased.Where(_open.ContainsKey))
        {
            var lease = (string)(await _api.GetAsync($"/v1/deployments/{id}"))["groups"]![0]!["order"]!["leaseId"]!;
            Assert.Equal("active", (string?)(await _api.GetAsync("/v1/leases/" + lease))["status"]);
            leases.Add(lease);
        }

        return leases;
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

/// <summary>Many <see cref="LoadClient"/>s at once; with <paramref name="leases"/> a provider too, whose node takes what they order.</summary>
internal sealed class Load(string url, int clients, bool leases = false) : IAsyncDisposable
{
    private const long BidDeposit = 500_000;

    /// <summary>What samples/hello-native.yaml asks for.</summary>
    private const long CpuMilli = 100;

    /// <summary>An order nobody here can serve: it stays open and costs nothing.</summary>
    private static readonly string Unserved = Sample("gpu.yaml");

    private readonly CancellationTokenSource _stop = new();
    private readonly ApiClient _provider = new(url);
    private readonly LoadClient[] _clients = [.. Enumerable.Range(0, clients).Select(i => new LoadClient(url, i, Unserved, leases ? Sample("hello-native.yaml") : null))];
    private FakeAgent? _agent;
    private Task _work = Task.CompletedTask;

    private int Answered => _clients.Sum(static c => c.Answered);

    public async Task BeginAsync()
    {
        if (leases)
        {
            await SellAsync();
        }

        await Task.WhenAll(_clients.Select(static c => c.BeginAsync()));
        _work = Task.WhenAll(_clients.Select(c => c.WorkAsync(_clients, _stop.Token)));
    }

    private async Task SellAsync()
    {
        Assert.Equal(201, (await _provider.RegisterAsync()).Status);
        Assert.True((await _provider.CommandAsync("/v1/ledgers/uact/faucet", $$"""{"amount":{{LoadClient.Purse}}}""")).IsSuccess);
        Assert.True((await _provider.CommandAsync("/v1/providers", """{"name":"load","pricing":{}}""")).IsSuccess);
        var token = (string)(await _provider.CommandAsync("/v1/providers/join-tokens", "{}")).Json["token"]!;
        _agent = await FakeAgent.JoinAsync([new Uri(url)], token, 0);
        await Programs.EventuallyAsync("its node is online", async () => (string?)(await _provider.GetAsync("/v1/nodes/" + _agent.Node))["status"] == "online" ? "yes" : null);
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

    /// <summary>
    /// The node carries exactly the leases of acknowledged deployments that are open, and runs their workloads; the provider's money is held for exactly those, nobody else's for anything. What was cut short
    /// is finished by whoever comes by next, so it is waited for; anything that does not belong to a lease would stay.
    /// </summary>
    public async Task NothingIsLeftOverAsync()
    {
        var leases = (await Task.WhenAll(_clients.Select(static c => c.LeasesAsync()))).SelectMany(static l => l).Order(StringComparer.Ordinal).ToArray();
        Assert.NotEmpty(leases);
        var seen = "";
        try
        {
            await Programs.EventuallyAsync("nothing is left over", async () =>
            {
                var node = await _provider.GetAsync("/v1/nodes/" + _agent!.Node);
                var (reserved, carried, free) = ((int)node["reservations"]!, (int)node["leases"]!, (long)node["free"]!["cpuMilli"]!);
                var active = Sorted(await ActiveAsync());
                var held = (long)(await _provider.GetAsync("/v1/ledgers/uact/balance"))["held"]!;
                var holds = (long)(await _provider.GetAsync("/v1/ledgers/uact/audit"))["openHolds"]!;
                var workloads = Sorted(_agent.Workloads.Select(static w => w[..w.LastIndexOf('/', w.LastIndexOf('/') - 1)]));
                seen = $"{leases.Length} leases; {reserved} reservations, {carried} of leases, {free} m free; active {string.Join(' ', active.Except(leases))} workloads {string.Join(' ', workloads.Except(leases))} held {held} in {holds} holds";
                return reserved == leases.Length && carried == leases.Length && free == 64_000 - (leases.Length * CpuMilli) && active.SequenceEqual(leases) && workloads.SequenceEqual(leases) && held == leases.Length * BidDeposit && holds == leases.Length ? "yes" : null;
            }, 120);
        }
        catch (TimeoutException late)
        {
            Assert.Fail($"{late.Message}: {seen}");
        }
    }

    private static string Sample(string name) => File.ReadAllText(Path.Combine(Programs.Repository, "samples", name));

    private static string[] Sorted(IEnumerable<string> ids) => [.. ids.Order(StringComparer.Ordinal)];

    private async Task<List<string>> ActiveAsync()
    {
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            var page = await _provider.GetAsync("/v1/leases?as=provider&status=active&limit=200" + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor)));
            ids.AddRange(page["items"]!.AsArray().Select(static l => (string)l!["id"]!));
            cursor = (string?)page["nextCursor"];
        }
        while (cursor is not null);
        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(200));
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        _provider.Dispose();

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
