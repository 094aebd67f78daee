using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Gateway.Tests.Http;
using DepinGrains.Grains;
using DepinGrains.Grains.Network;
using DepinGrains.Storage.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>The whole gateway over all grains, a real ledger and real connections; only who serves which subnet is said by the test, which needs miners no metagraph would list.</summary>
public sealed class ServingHost : TestHost, IMinerDirectory
{
    public const string Denom = "rao";

    private readonly Dictionary<string, string?> _settings;
    private readonly bool _live;
    private readonly Action<IServiceCollection>? _more;
    private ImmutableArray<Miner> _miners = [];

    /// <summary>By which people sign.</summary>
    private TimeProvider _time = TimeProvider.System;

    private ServingHost(Dictionary<string, string?> settings, bool live, Action<IServiceCollection>? more = null) => (_settings, _live, _more) = (settings, live, more);

    protected override Dictionary<string, string?> Settings => new(_settings)
    {
        ["Faucet:Enabled"] = "true",
    };

    /// <summary>Starts, with loopback miners allowed and without exploration unless the settings say otherwise.</summary>
    public static async Task<ServingHost> StartAsync(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["Serving:PrivateAddresses"] = "true", ["Serving:ExploreBasisPoints"] = "0", ["Serving:FirstTokenTimeout"] = "00:00:30" };
        foreach (var (name, value) in settings)
        {
            all["Serving:" + name] = value;
        }

        var host = new ServingHost(all, live: false);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>Starts with miners from the subnets themselves: cheap to open, any address.</summary>
    public static async Task<ServingHost> LiveAsync()
    {
        var host = new ServingHost(
            new()
            {
                ["Serving:PrivateAddresses"] = "true", ["Serving:ExploreBasisPoints"] = "0", ["Serving:MetagraphAge"] = "00:00:00.1", ["Subnets:AnyAddress"] = "true", ["Subnets:MinLock"] = "1000", ["Subnets:CreateRateLimit"] = "0",
            },
            live: true);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>A network whose clock the test moves: private addresses are reached through agents alone.</summary>
    internal static async Task<ServingHost> WalkAsync(Walk.WalkTime time)
    {
        var host = new ServingHost(
            new()
            {
                ["Serving:ExploreBasisPoints"] = "0", ["Serving:MetagraphAge"] = "00:00:00.1", ["Serving:FirstTokenTimeout"] = "00:02:00", ["Serving:IdleTimeout"] = "00:02:00", ["Subnets:MinLock"] = "1000", ["Subnets:CreateRateLimit"] = "0",
                ["Network:Genesis"] = time.Genesis.ToString("O", CultureInfo.InvariantCulture),
            },
            live: true,
            services => services.AddKeyedSingleton<TimeProvider>(NetworkClock.TimeKey, time)) { _time = time };
        await host.InitializeAsync();
        return host;
    }

    /// <summary>The same as strangers have it: no private address is announced or connected to.</summary>
    public static async Task<ServingHost> PublicAsync(string operatorKey = "", params (string Name, string Value)[] settings)
    {
        Dictionary<string, string?> all = new() { ["Serving:ExploreBasisPoints"] = "0", ["Serving:MetagraphAge"] = "00:00:00.1", ["Serving:FirstTokenTimeout"] = "00:02:00", ["Serving:IdleTimeout"] = "00:02:00", ["Subnets:MinLock"] = "1000", ["Subnets:CreateRateLimit"] = "0", ["Identities:OperatorKeys:0"] = operatorKey };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        var host = new ServingHost(all, live: true);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>Another gateway of the same network, as far as tunnels go: it holds no agent, knows who does, and signs with its own key.</summary>
    public static async Task<ServingHost> BesideAsync(ServingHost holder, SigningKey key, Miner miner)
    {
        var pem = Path.Combine(holder.Folder, Guid.NewGuid().ToString("N"));
        key.Save(pem);
        var host = new ServingHost(
            new() { ["Serving:ExploreBasisPoints"] = "0", ["Serving:Key"] = await File.ReadAllTextAsync(pem) }, live: false, services => services.AddSingleton<Gateway.Nodes.IAgentPeers>(new OnePeer(holder.Address)));
        host._miners = [miner];
        await host.InitializeAsync();
        return host;
    }

    /// <summary>The miners of subnet 1, best first.</summary>
    public void Serve(params string[] addresses) => _miners =
    [
        .. addresses.Select(static (address, uid) => new Miner(1, uid, HotkeyOf(uid), PayTo(uid), address, (ushort)(60_000 - (uid * 10_000)))),
    ];

    public static string HotkeyOf(int uid) => $"hotkey-{uid}";

    public static string PayTo(int uid) => $"wallet/miner-{uid}";

    /// <summary>Somebody with money and an API key for inference.</summary>
    public async Task<ServingCaller> CallerAsync(long amount = 1_000_000_000, string scope = "inference:write")
    {
        var person = await PersonAsync(amount);
        var made = await SignedAsync(person, $"/v1/identities/{person.Id}/api-keys", new { name = "test", scopes = (string[])[scope], expiresAt = DateTimeOffset.UtcNow.AddDays(1) });
        return new ServingCaller(this, person.Id, (string)made["key"]!);
    }

    /// <summary>Somebody with a key and money.</summary>
    public async Task<Person> PersonAsync(long amount)
    {
        var person = new Person(SigningKey.Generate());
        await SignedAsync(person, "/v1/identities", new { publicKey = person.Key.PublicKey, salt = "", label = "test", roles = (string[])["tenant", "provider"] });
        if (amount > 0)
        {
            await SignedAsync(person, $"/v1/ledgers/{Denom}/faucet", new { amount });
        }

        return person;
    }

    /// <summary>A signed request that must succeed.</summary>
    public async Task<JsonNode> SignedAsync(Person person, string path, object body)
    {
        var (status, answer) = await TrySignedAsync(person, path, body);
        Assert.True((int)status is >= 200 and < 300, $"{path}: {(int)status} {answer}");
        return answer;
    }

    /// <summary>A signed request, and what it got.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Answer)> TrySignedAsync(Person person, string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, path)) { Content = JsonBody.Of(body) };
        await new RequestSigner(person.Key, person.Id, _time).SignAsync(request);
        using var answer = await Client.SendAsync(request);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>Balance of any account.</summary>
    public Task<AccountBalance> BalanceAsync(string account) => Services.GetRequiredService<IGrainFactory>().GetGrain<ILedgerGrain>(Denom).GetBalanceAsync(account);

    /// <summary>Waits until nothing is held of an account, and answers its balance.</summary>
    public async Task<long> SettledAsync(string account)
    {
        await UntilAsync($"nothing is held of {account}", async () => (await BalanceAsync(account)).Held == 0);
        return (await BalanceAsync(account)).Posted;
    }

    /// <summary>Waits for a condition, at most a minute.</summary>
    public static Task UntilAsync(string what, Func<bool> holds) => UntilAsync(what, () => Task.FromResult(holds()));

    /// <summary>Waits for a condition, at most a minute.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        for (var n = 0; n < 600; n++)
        {
            if (await holds())
            {
                return;
            }

            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            await pause.WaitForNextTickAsync();
        }

        throw new TimeoutException($"{what}: not within a minute");
    }

    public ValueTask<IReadOnlyList<Miner>?> FindAsync(int netuid, CancellationToken cancel) => ValueTask.FromResult<IReadOnlyList<Miner>?>(netuid == 1 ? _miners : null);

    public ValueTask<IReadOnlyList<int>> ListAsync(CancellationToken cancel) => ValueTask.FromResult<IReadOnlyList<int>>([1]);

    protected override void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddDepinStore(store => (store.Kind, store.Connection) = ("sqlite", Database), MarketServices.Tables);
        builder.Services.AddMarket(builder.Configuration);
        _more?.Invoke(builder.Services);
        if (!_live)
        {
            builder.Services.AddSingleton<IMinerDirectory>(this);
        }

        builder.Services.AddDepinGateway(builder.Configuration);
    }

    protected override void Map(WebApplication app) => app.MapDepinGateway();

    private sealed class OnePeer(Uri address) : Gateway.Nodes.IAgentPeers
    {
        public Task<Uri?> FindAsync(string node) => Task.FromResult<Uri?>(address);
    }
}

/// <summary>A key and its identity.</summary>
public sealed record Person(SigningKey Key)
{
    public string Id => IdentityIds.ForFirstKey(Key.KeyId, "");

    /// <summary>A read of his own.</summary>
    public HttpRequestMessage Get(string path) => new(HttpMethod.Get, path) { Headers = { Authorization = new("Bearer", new TokenIssuer(Key, Id, "depin-test").Issue(["read"])) } };
}

/// <summary>An API key that speaks OpenAI's protocol by hand, so that tests see every byte.</summary>
public sealed class ServingCaller(ServingHost host, string id, string apiKey)
{
    public string ApiKey => apiKey;

    public string Wallet => LedgerAccounts.Wallet(id);

    public Task<HttpResponseMessage> PostAsync(string path, object body, CancellationToken cancel = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(host.Address, "/v1/openai/" + path)) { Content = JsonBody.Of(body) };
        request.Headers.Authorization = new("Bearer", apiKey);
        return host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
    }

    public Task<HttpResponseMessage> GetAsync(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "/v1/openai/" + path));
        request.Headers.Authorization = new("Bearer", apiKey);
        return host.Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> ChatAsync(string prompt, bool stream, int maxTokens = 100, CancellationToken cancel = default) =>
        PostAsync("chat/completions", new { model = "subnet-1", stream, max_tokens = maxTokens, messages = new[] { new { role = "user", content = prompt } } }, cancel);

    /// <summary>A streamed chat to its end.</summary>
    public async Task<ChatEnd> StreamAsync(string prompt, int maxTokens = 100)
    {
        using var answer = await ChatAsync(prompt, stream: true, maxTokens);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static e => e["data: ".Length..]).ToArray();
        var pieces = events.Where(static e => e.StartsWith('{')).Select(static e => JsonNode.Parse(e)!).ToArray();
        var content = string.Concat(pieces.SelectMany(static p => p["choices"]?.AsArray() ?? []).Select(static c => (string?)c!["delta"]?["content"]));
        return new ChatEnd(content, answer.Headers.GetValues("X-Depin-Miner").Single(), events[^1] == "[DONE]", (string?)pieces[^1]["error"]?["code"], text);
    }

    /// <summary>The error of an answer.</summary>
    public static async Task<JsonElement> ErrorAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(text).RootElement.GetProperty("error");
    }
}

/// <summary>How a streamed chat went.</summary>
public sealed record ChatEnd(string Content, string Miner, bool Done, string? Error, string Raw);
