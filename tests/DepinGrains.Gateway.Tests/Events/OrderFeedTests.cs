using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Tests.Http;

namespace DepinGrains.Gateway.Tests.Events;

/// <summary>A provider's feed lists open orders again when its profile changes, but no oftener than the gateway can stand, and a list that is owed is not lost.</summary>
public sealed class OrderFeedTests : IAsyncLifetime
{
    private const string West = """{"name":"seller","attributes":{"region":"eu-west"}}""";
    private const string Nowhere = """{"name":"seller"}""";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(1));
    private readonly List<HttpResponseMessage> _open = [];
    private FullHost _host = null!;
    private SigningKey _tenant = null!;
    private SigningKey _seller = null!;
    private string _sellerId = "";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _open.ForEach(static answer => answer.Dispose());
        _patience.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_second_list_waits_its_time_and_a_reader_who_is_cut_off_meanwhile_gets_it_when_he_comes_back()
    {
        await SetAsync(floor: 3_600);
        var feed = await ReadAsync(null);
        var ready = await NextAsync(feed);
        Assert.Equal("feed.ready", ready.EventType);

        // The first change lists at once.
        await ProfileAsync(West);
        Assert.Equal("order.open", (await NextAsync(feed)).EventType);
        var listed = await NextAsync(feed);
        Assert.Equal("feed.ready", listed.EventType);

        // The next ones do not; what is new comes all the same, by the profile as it is now, but without a position to go on from.
        await ProfileAsync(Nowhere);
        await ProfileAsync(West);
        await DeployAsync("8");
        var created = await NextAsync(feed);
        Assert.Equal(("order.created", null), (created.EventType, created.EventId));
        Assert.Contains("/8/", created.Data, StringComparison.Ordinal);
        await feed.DisposeAsync();

        var again = await ReadAsync(listed.EventId);
        Assert.Equal("feed.ready", (await NextAsync(again)).EventType);
        var seen = new List<string>();
        while (seen.Count(static type => type == "order.open") < 2)
        {
            seen.Add((await NextAsync(again)).EventType);
        }
    }

    [Fact]
    public async Task A_list_that_is_owed_comes_by_itself_when_its_time_has_come()
    {
        await SetAsync(floor: 1);
        var feed = await ReadAsync(null);
        Assert.Equal("feed.ready", (await NextAsync(feed)).EventType);
        string? before = null;
        foreach (var round in Enumerable.Range(0, 3))
        {
            await ProfileAsync(round % 2 == 0 ? West : West.Replace("seller", "vendor", StringComparison.Ordinal));
            Assert.Equal("order.open", (await NextAsync(feed)).EventType);
            var ready = await NextAsync(feed);
            Assert.Equal("feed.ready", ready.EventType);
            Assert.NotEqual(before, ready.EventId);
            before = ready.EventId;
        }
    }

    private static async Task<SseItem<string>> NextAsync(IAsyncEnumerator<SseItem<string>> feed)
    {
        Assert.True(await feed.MoveNextAsync(), "the feed ended");
        return feed.Current;
    }

    [Fact]
    public async Task Orders_that_do_not_match_and_changes_of_the_profile_itself_are_not_shown()
    {
        await SetAsync(floor: 3_600);
        var feed = await ReadAsync(null);
        Assert.Equal("feed.ready", (await NextAsync(feed)).EventType);
        await ProfileAsync(West);
        Assert.Equal(("order.open", "feed.ready"), ((await NextAsync(feed)).EventType, (await NextAsync(feed)).EventType));
        await DeployAsync("8", region: "us-east");
        await ProfileAsync(West.Replace("seller", "vendor", StringComparison.Ordinal));
        await DeployAsync("9");
        Assert.Contains("/9/", (await NextAsync(feed)).Data, StringComparison.Ordinal);
    }

    private async Task SetAsync(int floor)
    {
        _host = await FullHost.StartAsync(settings: new() { ["Http:FeedRelistSeconds"] = floor.ToString(System.Globalization.CultureInfo.InvariantCulture), ["Deployments:BidWindow"] = "01:00:00" });
        (_tenant, _) = await _host.RegisterAsync();
        (_seller, _sellerId) = await _host.RegisterAsync();
        (await _host.SendAsync(_tenant, HttpMethod.Post, "/v1/ledgers/uact/faucet", """{"amount":100000000}""")).Dispose();
        await ProfileAsync(Nowhere);
        await DeployAsync("7");
    }

    private async Task ProfileAsync(string body)
    {
        using var answer = await _host.SendAsync(_seller, HttpMethod.Post, "/v1/providers", body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task DeployAsync(string dseq, string region = "eu-west")
    {
        var sdl = (await File.ReadAllTextAsync(Path.Combine(ApiSamples.Repository(), "samples", "hello-native.yaml"))).Replace("      pricing:", $"      attributes:\n        region: {region}\n      pricing:", StringComparison.Ordinal);
        using var answer = await _host.SendAsync(_tenant, HttpMethod.Post, "/v1/deployments", new JsonObject { ["sdl"] = sdl, ["deposit"] = 5_000_000, ["dseq"] = dseq }.ToJsonString());
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<IAsyncEnumerator<SseItem<string>>> ReadAsync(string? after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/orders/feed");
        request.Headers.Authorization = new("Bearer", new TokenIssuer(_seller, _sellerId, "depin-test").Issue(["read"]));
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        var answer = await _host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        _open.Add(answer);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return SseParser.Create(await answer.Content.ReadAsStreamAsync(_patience.Token)).EnumerateAsync(_patience.Token).GetAsyncEnumerator(_patience.Token);
    }
}
