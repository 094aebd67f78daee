using System.Net;
using System.Text;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>Miners that do everything wrong, on the real HTTP stack. Before the first token the next miner takes over and nobody notices; after it the caller is told, and pays only what arrived.</summary>
public sealed class HostileMinerTests
{
    private const string Prompt = "question";

    private static readonly string Right = DeterministicTask.Text(Prompt, 8);

    public static TheoryData<string, string> Openings() => new()
    {
        { "closes at once", "" },
        { "is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n" },
        { "answers 500", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n" },
        { "answers 204", "HTTP/1.1 204 No Content\r\n\r\n" },
        { "redirects to the cloud's metadata", "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n" },
        { "answers HTML", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>" },
        { "answers compressed", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd" },
        { "streams garbage", RawMiner.StreamHead + "data: {{{{\n\n" },
        { "streams bytes that are no UTF-8", RawMiner.StreamHead + "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud800\"}}]}\n\n" },
        { "streams an error", RawMiner.StreamHead + "data: {\"error\":{\"message\":\"out of memory\"},\"choices\":[]}\n\n" },
        { "streams choices that are no objects", RawMiner.StreamHead + "data: {\"choices\":[1]}\n\n" },
        { "streams too many choices", RawMiner.StreamHead + "data: {\"choices\":[{},{},{}]}\n\n" },
        { "streams nesting without end", RawMiner.StreamHead + "data: {\"choices\":[{\"delta\":" + new string('[', 5_000) + "\n\n" },
        { "streams nothing", RawMiner.StreamHead + "data: [DONE]\n\n" },
        { "claims usage and nothing else", RawMiner.StreamHead + "data: {\"choices\":[],\"usage\":{\"completion_tokens\":100000}}\n\ndata: [DONE]\n\n" },
        { "streams only roles", RawMiner.StreamHead + string.Concat(Enumerable.Repeat("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n", 1_000)) },
    };

    [Theory]
    [MemberData(nameof(Openings))]
    public async Task A_miner_that_fails_before_its_first_token_is_replaced_by_the_next(string what, string bytes)
    {
        await using var bad = RawMiner.Says(bytes);
        await ReplacedAsync(bad, what);
    }

    [Fact]
    public async Task A_miner_that_hangs_before_its_headers_is_replaced()
    {
        await using var bad = new RawMiner(static (_, cancel) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel));
        await ReplacedAsync(bad, "hangs", ("FirstTokenTimeout", "00:00:08"));
    }

    [Fact]
    public async Task A_miner_that_only_sends_comments_is_replaced()
    {
        await using var bad = new RawMiner(static async (socket, cancel) =>
        {
            await socket.WriteAsync(Encoding.ASCII.GetBytes(RawMiner.StreamHead), cancel);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (await timer.WaitForNextTickAsync(cancel))
            {
                await socket.WriteAsync(": thinking\n\n"u8.ToArray(), cancel);
            }
        });
        await ReplacedAsync(bad, "comments", ("FirstTokenTimeout", "00:00:08"));
    }

    [Fact]
    public async Task A_miner_that_sends_headers_without_end_is_replaced()
    {
        await using var bad = new RawMiner(static async (socket, cancel) =>
        {
            await socket.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), cancel);
            while (true)
            {
                await socket.WriteAsync(Encoding.ASCII.GetBytes("X-Long: " + new string('x', 1_000) + "\r\n"), cancel);
            }
        });
        await ReplacedAsync(bad, "headers");
    }

    [Fact]
    public async Task A_miner_that_sends_interim_answers_without_end_is_replaced()
    {
        await using var bad = new RawMiner(static async (socket, cancel) =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (await timer.WaitForNextTickAsync(cancel))
            {
                await socket.WriteAsync("HTTP/1.1 102 Processing\r\n\r\n"u8.ToArray(), cancel);
            }
        });
        await ReplacedAsync(bad, "interim", ("FirstTokenTimeout", "00:00:08"));
    }

    [Fact]
    public async Task A_miner_that_sends_a_line_without_end_is_replaced()
    {
        await using var bad = new RawMiner(static async (socket, cancel) =>
        {
            await socket.WriteAsync(Encoding.ASCII.GetBytes(RawMiner.StreamHead + "data: "), cancel);
            while (true)
            {
                await socket.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 8_192)), cancel);
            }
        });
        await ReplacedAsync(bad, "line");
    }

    [Fact]
    public async Task A_miner_at_a_name_that_resolves_to_loopback_is_never_connected_to()
    {
        await using var host = await ServingHost.StartAsync(("PrivateAddresses", "false"));
        await using var bad = RawMiner.Says(RawMiner.StreamHead + RawMiner.Piece("secret"));
        host.Serve($"http://localhost:{bad.Port}/v1", $"http://127.0.0.1:{bad.Port}/v1", $"http://[::ffff:127.0.0.1]:{bad.Port}/v1");
        var caller = await host.CallerAsync();
        using var answer = await caller.ChatAsync(Prompt, stream: true);
        Assert.Equal(ServingErrors.MinersFailed, (await ServingCaller.ErrorAsync(answer, HttpStatusCode.ServiceUnavailable)).GetProperty("code").GetString());
        Assert.Equal(0, bad.Requests);
        Assert.Equal(1_000_000_000, await host.SettledAsync(caller.Wallet));
    }

    [Fact]
    public async Task A_miner_that_closes_mid_stream_is_paid_for_what_arrived_but_not_for_the_prompt()
    {
        await using var host = await ServingHost.StartAsync();
        await using var bad = RawMiner.Says(RawMiner.StreamHead + RawMiner.Piece("12345678") + RawMiner.Piece("abcd"));
        await using var good = await SampleMiner.StartAsync();
        host.Serve(bad.Address, good.Address);
        var caller = await host.CallerAsync(1_000_000);
        var end = await caller.StreamAsync(Prompt);
        Assert.Equal("12345678abcd", end.Content);
        Assert.False(end.Done);
        Assert.Equal(ServingErrors.Interrupted, end.Error);
        Assert.Empty(good.Requests);
        var cost = new InferencePrice(500_000, 1_500_000, 100_000, 500).Cost(new InferenceUse(0, 3, 0));
        Assert.Equal(1_000_000 - cost, await host.SettledAsync(caller.Wallet));
    }

    [Theory]
    [InlineData("data: {\n\n")]
    [InlineData("data: {\"error\":{\"message\":\"boom\"}}\n\n")]
    public async Task A_miner_that_turns_to_garbage_mid_stream_ends_with_an_error_the_client_sees(string garbage)
    {
        await using var host = await ServingHost.StartAsync();
        await using var bad = RawMiner.Says(RawMiner.StreamHead + RawMiner.Piece("fine") + garbage);
        host.Serve(bad.Address);
        var end = await (await host.CallerAsync()).StreamAsync(Prompt);
        Assert.Equal("fine", end.Content);
        Assert.Equal(ServingErrors.Interrupted, end.Error);
        Assert.DoesNotContain("boom", end.Raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_miner_that_falls_silent_mid_stream_is_given_up()
    {
        await using var host = await ServingHost.StartAsync(("IdleTimeout", "00:00:02"));
        await using var bad = new RawMiner(static async (socket, cancel) =>
        {
            await socket.WriteAsync(Encoding.ASCII.GetBytes(RawMiner.StreamHead + RawMiner.Piece("fine")), cancel);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        });
        host.Serve(bad.Address);
        Assert.Equal(ServingErrors.Interrupted, (await (await host.CallerAsync()).StreamAsync(Prompt)).Error);
    }

    [Fact]
    public async Task A_miner_that_keeps_failing_rests_and_the_good_one_is_asked_first()
    {
        await using var host = await ServingHost.StartAsync(("Rest", "01:00:00"), ("RestMax", "01:00:00"), ("RestAfterFailures", "1"));
        await using var bad = RawMiner.Says("");
        await using var good = await SampleMiner.StartAsync();
        host.Serve(bad.Address, good.Address);
        var caller = await host.CallerAsync();
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(Right, (await caller.StreamAsync(Prompt)).Content);
        }

        Assert.Equal(1, bad.Requests);
        var seen = System.Text.Json.Nodes.JsonNode.Parse(await host.Client.GetStringAsync("/v1/subnets/1/serving"))!.AsArray();
        Assert.Equal(1, (int)seen[0]!["failures"]!);
        Assert.True((bool)seen[0]!["resting"]!);
        Assert.Equal(6, (int)seen[1]!["requests"]!);
        Assert.True((double)seen[1]!["firstTokenMilliseconds"]! > 0);
    }

    [Fact]
    public async Task A_whole_answer_longer_than_was_asked_for_is_the_miners_failure_and_costs_nothing()
    {
        await using var host = await ServingHost.StartAsync();
        await using var bad = RawMiner.Says(RawMiner.Whole(new string('x', (10 * 64) + 1_025)));
        host.Serve(bad.Address);
        var caller = await host.CallerAsync(1_000_000);
        using var answer = await caller.ChatAsync(Prompt, stream: false, maxTokens: 10);
        Assert.Equal(ServingErrors.MinersFailed, (await ServingCaller.ErrorAsync(answer, HttpStatusCode.ServiceUnavailable)).GetProperty("code").GetString());
        Assert.Equal(1, bad.Requests);
        Assert.Equal(1_000_000, await host.SettledAsync(caller.Wallet));
    }

    [Fact]
    public async Task A_vector_longer_than_any_is_not_kept_in_memory()
    {
        await using var host = await ServingHost.StartAsync();
        await using var bad = RawMiner.Says(RawMiner.WholeHead + "{\"data\":[{\"embedding\":\"" + new string('x', 200_000) + "\"}]}");
        host.Serve(bad.Address);
        var caller = await host.CallerAsync();
        using var answer = await caller.PostAsync("embeddings", new { model = "subnet-1", input = "x" });
        await ServingCaller.ErrorAsync(answer, HttpStatusCode.ServiceUnavailable);
    }

    private static async Task ReplacedAsync(RawMiner bad, string what, params (string, string)[] settings)
    {
        await using var host = await ServingHost.StartAsync(settings);
        await using var good = await SampleMiner.StartAsync();
        host.Serve(bad.Address, good.Address);
        var caller = await host.CallerAsync(1_000_000);
        var end = await caller.StreamAsync(Prompt);
        Assert.True(end.Content == Right && end.Done && end.Miner == ServingHost.HotkeyOf(1), $"{what}: {end}");
        Assert.Equal(1, bad.Requests);
        await host.SettledAsync(caller.Wallet);
        Assert.Equal(0, (await host.BalanceAsync(ServingHost.PayTo(0))).Posted);
        Assert.True((await host.BalanceAsync(ServingHost.PayTo(1))).Posted > 0, "the one who answered is paid");
    }
}
