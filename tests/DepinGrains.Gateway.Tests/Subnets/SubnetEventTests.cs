using System.Text.Json.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Gateway.Tests.Subnets.Serving;
using DepinGrains.Gateway.Tests.Subnets.Walk;

namespace DepinGrains.Gateway.Tests.Subnets;

/// <summary>What somebody who watches a subnet over HTTP is told, in order, and again from where he left.</summary>
public sealed class SubnetEventTests
{
    private const long Tao = SubnetWalk.Tao;

    [Fact]
    public async Task A_watcher_sees_registrations_weights_epochs_and_who_lost_a_uid_and_why_and_resumes_where_he_left()
    {
        var time = new WalkTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        time.MoveTo(10);
        await using var walk = await SubnetWalk.StartAsync(time);
        await walk.OpenAsync("watched", 0, ("tempo", "99"), ("immunity_period", "0"), ("max_allowed_uids", "3"));
        await using var watcher = await SseReader.OpenAsync(walk.Host.Client, "/v1/events?topic=subnet/1", null);

        var (validator, miner, idle, newcomer) = (await walk.Host.PersonAsync(50 * Tao), await walk.Host.PersonAsync(50 * Tao), await walk.Host.PersonAsync(50 * Tao), await walk.Host.PersonAsync(500 * Tao));
        foreach (var (person, uid) in ((Person, int)[])[(validator, 0), (miner, 1), (idle, 2)])
        {
            await walk.Host.SignedAsync(person, "/v1/subnets/1/register", new { });
            AssertEvent(await watcher.NextAsync(), "subnet.registered", ("uid", uid), ("hotkey", HotkeyOf(person)), ("block", walk.Block), ("replaced", null));
        }

        await walk.StakeAsync(validator, HotkeyOf(validator), 100 * Tao);
        await EpochAsync(walk);
        AssertEvent(await watcher.NextAsync(), "subnet.epoch", ("epoch", 0), ("uids", 3), ("swept", 0));

        // Weights say who and how many, not what. Twice in a block, where the owner allows that, is told once.
        time.MoveTo(walk.Block + 1);
        await walk.Host.SignedAsync(validator, "/v1/subnets/1/weights", new { uids = (int[])[1], values = (int[])[1] });
        await walk.SetAsync(0, "weights_rate_limit", "0");
        await walk.Host.SignedAsync(validator, "/v1/subnets/1/weights", new { uids = (int[])[1], values = (int[])[9] });
        AssertEvent(await watcher.NextAsync(), "subnet.weights_set", ("uid", 0), ("hotkey", HotkeyOf(validator)), ("block", walk.Block), ("weights", 1), ("revealed", false));
        AssertEvent(await watcher.NextAsync(), "subnet.hyperparameter", ("name", "weights_rate_limit"), ("value", "0"));
        await EpochAsync(walk);
        var left = await watcher.NextAsync();
        AssertEvent(left, "subnet.epoch", ("epoch", 1));
        await watcher.DisposeAsync();

        // Meanwhile nobody watches: the idle one loses its uid to a newcomer, and the newcomer, who does nothing either, to the sweep.
        time.MoveTo(walk.Block + 1);
        await walk.Host.SignedAsync(newcomer, "/v1/subnets/1/register", new { });
        await walk.SetAsync(0, "sweep_min_survivors", "2");
        await walk.SetAsync(0, "sweep_window", "1");
        await walk.SetAsync(0, "sweep_bar", "200");
        await EpochAsync(walk);
        await EpochAsync(walk);
        await using var again = await SseReader.OpenAsync(walk.Host.Client, "/v1/events?topic=subnet/1", left.Id);
        var missed = new List<SseEvent>();
        while (missed.Count < 5)
        {
            if (await again.NextAsync() is { Type: not "subnet.hyperparameter" } told)
            {
                missed.Add(told);
            }
        }

        AssertEvent(missed[0], "subnet.registered", ("uid", 2), ("hotkey", HotkeyOf(newcomer)), ("replaced", HotkeyOf(idle)));
        AssertEvent(missed[1], "subnet.deregistered", ("uid", 2), ("hotkey", HotkeyOf(idle)), ("coldkey", idle.Id));
        Assert.StartsWith($"replaced by {HotkeyOf(newcomer)}", (string?)missed[1].Data["reason"], StringComparison.Ordinal);
        AssertEvent(missed[2], "subnet.epoch", ("epoch", 2), ("swept", 0));
        AssertEvent(missed[3], "subnet.deregistered", ("uid", 2), ("hotkey", HotkeyOf(newcomer)));
        Assert.Contains("200", (string?)missed[3].Data["reason"], StringComparison.Ordinal);
        AssertEvent(missed[4], "subnet.epoch", ("epoch", 3), ("swept", 1));
        Assert.Equal(missed.OrderBy(static e => e.Position), missed);
        Assert.True(missed[0].Position > left.Position);
    }

    private static async Task EpochAsync(SubnetWalk walk)
    {
        walk.Time.MoveTo(await walk.EpochBlockAsync(0));
        await walk.TickAsync(0);
    }

    private static string HotkeyOf(Person person) => Hotkeys.Of(person.Id, person.Key.KeyId);

    private static void AssertEvent(SseEvent seen, string type, params (string Name, JsonNode? Value)[] members)
    {
        Assert.Equal(type, seen.Type);
        Assert.Equal(1, (int)seen.Data["netuid"]!);
        Assert.All(members, m => Assert.True(JsonNode.DeepEquals(m.Value, seen.Data[m.Name]), $"{type} {m.Name}: {seen.Data.ToJsonString()}, not {m.Value?.ToJsonString() ?? "null"}"));
        Assert.True(seen.Data.ToJsonString().Length < 1_000, "an event is small");
    }
}

/// <summary>An event as it came.</summary>
internal sealed record SseEvent(string Id, string Type, JsonNode Data)
{
    public long Position => long.Parse(Id, System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Server-sent events as a browser's EventSource reads them, one after the other.</summary>
internal sealed class SseReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _lines;

    private SseReader(HttpResponseMessage answer, StreamReader lines) => (_answer, _lines) = (answer, lines);

    /// <summary>Connects; events of after this are not missed.</summary>
    public static async Task<SseReader> OpenAsync(HttpClient client, string path, string? lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var answer = (await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)).EnsureSuccessStatusCode();
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        return new SseReader(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    /// <summary>The next one, at most a minute later.</summary>
    public async Task<SseEvent> NextAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var (id, type, data) = ("", "", "");
        while (await _lines.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Length == 0 && type.Length > 0)
            {
                return new SseEvent(id, type, JsonNode.Parse(data)!);
            }

            (id, type, data) = line.Split(": ", 2) switch
            {
                ["id", var value] => (value, type, data),
                ["event", var value] => (id, value, data),
                ["data", var value] => (id, type, data + value),
                _ => (id, type, data),
            };
        }

        throw new EndOfStreamException("the stream ended");
    }

    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        _answer.Dispose();
        return ValueTask.CompletedTask;
    }
}
