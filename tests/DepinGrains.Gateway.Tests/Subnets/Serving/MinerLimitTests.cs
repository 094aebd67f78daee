using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>Miners that are full, requests that none can serve, and what people see of miners afterwards.</summary>
public sealed class MinerLimitTests
{
    private const string Prompt = "question";
    private static readonly string Right = DeterministicTask.Text(Prompt, 8);

    [Fact]
    public async Task A_full_miner_is_gone_round_and_when_all_are_full_the_caller_is_told_to_come_back()
    {
        await using var host = await ServingHost.StartAsync(("RequestsPerMinerMax", "2"));
        await using var best = await SampleMiner.StartAsync();
        await using var other = await SampleMiner.StartAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        best.Before = other.Before = (_, cancel) => go.Task.WaitAsync(cancel);
        host.Serve(best.Address, other.Address);
        var caller = await host.CallerAsync();
        List<Task<ChatEnd>> open = [];
        for (var n = 1; n <= 4; n++)
        {
            open.Add(caller.StreamAsync(Prompt));
            await ServingHost.UntilAsync("the request is with a miner", () => best.Requests.Count + other.Requests.Count == n);
        }

        Assert.Equal((2, 2), (best.Requests.Count, other.Requests.Count));
        using (var refused = await caller.ChatAsync(Prompt, stream: true))
        {
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal(ServingErrors.MinersBusy, (await ServingCaller.ErrorAsync(refused, HttpStatusCode.ServiceUnavailable)).GetProperty("code").GetString());
        }

        go.SetResult();
        Assert.All(await Task.WhenAll(open), static end => Assert.True(end.Done && end.Content == Right, end.Raw));
        await host.SettledAsync(caller.Wallet);
        Assert.True((await caller.StreamAsync(Prompt)).Done, "there is room again");
    }

    [Fact]
    public async Task A_miner_that_says_it_is_full_has_not_failed_and_another_answers()
    {
        await using var host = await ServingHost.StartAsync(("RestAfterFailures", "1"), ("Rest", "01:00:00"), ("RestMax", "01:00:00"), ("BusyRest", "00:00:00.01"));
        await using var full = RawMiner.Says("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var good = await SampleMiner.StartAsync();
        host.Serve(full.Address, good.Address);
        var caller = await host.CallerAsync();
        Assert.Equal(Right, (await caller.StreamAsync(Prompt)).Content);
        Assert.Equal(1, full.Requests);

        // A failure would have let it rest for an hour.
        await ServingHost.UntilAsync("its rest is over", async () => (await SeenAsync(host))[0] is var seen && !(bool)seen!["resting"]!);
        var seen = (await SeenAsync(host))[0]!;
        Assert.Equal((0, 1), ((int)seen["failures"]!, (int)seen["busy"]!));
    }

    [Fact]
    public async Task A_request_that_every_miner_refuses_is_the_callers_mistake_and_brings_no_miner_to_rest()
    {
        await using var host = await ServingHost.StartAsync(("RestAfterFailures", "1"), ("Rest", "01:00:00"), ("RestMax", "01:00:00"));
        await using var one = RawMiner.Says("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var two = RawMiner.Says("HTTP/1.1 422 Unprocessable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        host.Serve(one.Address, two.Address);
        var caller = await host.CallerAsync(1_000_000);
        for (var n = 0; n < 3; n++)
        {
            using var refused = await caller.ChatAsync(Prompt, stream: n == 0);
            Assert.Equal(ServingErrors.MinersRefused, (await ServingCaller.ErrorAsync(refused, HttpStatusCode.BadRequest)).GetProperty("code").GetString());
        }

        Assert.Equal(1_000_000, await host.SettledAsync(caller.Wallet));
        Assert.All(await SeenAsync(host), static m => Assert.False((bool)m!["resting"]!));

        // But who refuses what another one answers has failed.
        await using var good = await SampleMiner.StartAsync();
        host.Serve(one.Address, good.Address);
        Assert.Equal(Right, (await caller.StreamAsync(Prompt)).Content);
        Assert.True((bool)(await SeenAsync(host))[0]!["resting"]!);
    }

    [Fact]
    public async Task One_callers_whole_answers_take_no_more_than_his_share_of_the_memory()
    {
        await using var host = await ServingHost.StartAsync(("AnswerBytesMax", "200000"), ("BufferedBytesMax", "10000000"), ("BufferedBytesPerCallerMax", "200000"));
        await using var miner = await SampleMiner.StartAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        miner.Before = (_, cancel) => miner.Requests.Count == 1 ? go.Task.WaitAsync(cancel) : Task.CompletedTask;
        host.Serve(miner.Address);
        var (greedy, other) = (await host.CallerAsync(), await host.CallerAsync());
        var first = greedy.ChatAsync(Prompt, stream: false);
        await ServingHost.UntilAsync("the first is under way", () => miner.Requests.Count == 1);
        using (var refused = await greedy.ChatAsync(Prompt, stream: false))
        {
            Assert.Equal(ServingErrors.CallerMemory, (await ServingCaller.ErrorAsync(refused, HttpStatusCode.TooManyRequests)).GetProperty("code").GetString());
        }

        using (var answered = await other.ChatAsync(Prompt, stream: false))
        {
            Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        }

        go.SetResult();
        using var done = await first;
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        await done.Content.ReadAsStringAsync();
        await ServingHost.UntilAsync("his share is free again", async () =>
        {
            using var again = await greedy.ChatAsync(Prompt, stream: false);
            return again.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task What_was_seen_of_miners_is_kept_with_the_subnet_and_survives_the_process()
    {
        await using var host = await ServingHost.StartAsync(("ReportEvery", "00:00:00.2"), ("RestAfterFailures", "100"));
        await using var bad = RawMiner.Says(RawMiner.StreamHead);
        await using var good = await SampleMiner.StartAsync();
        host.Serve(bad.Address, good.Address);
        var caller = await host.CallerAsync();
        for (var n = 0; n < 3; n++)
        {
            await caller.StreamAsync(Prompt);
        }

        await ServingHost.UntilAsync("all is reported", async () => await FiguresAsync(host) is [_, { } second] && (int)second["total"]!["answers"]! == 3);
        await host.RestartAsync();
        var kept = await FiguresAsync(host);
        Assert.Empty(await SeenAsync(host));
        Assert.Equal((bad.Requests, bad.Requests, "empty"), ((int)kept[0]!["total"]!["requests"]!, (int)kept[0]!["day"]!["failures"]!, (string?)kept[0]!["lastFailure"]));
        Assert.Equal((3, 3, TokenCount.Of(Right) * 3), ((int)kept[1]!["day"]!["requests"]!, (int)kept[1]!["day"]!["answers"]!, (long)kept[1]!["total"]!["completionTokens"]!));
        Assert.True((double)kept[1]!["day"]!["firstTokenMilliseconds"]! > 0 && (long)kept[1]!["day"]!["firstTokenP95"]! >= 25);
        Assert.Null(kept[0]!["day"]!["firstTokenMilliseconds"]);
    }

    private static async Task<JsonArray> FiguresAsync(ServingHost host) => JsonNode.Parse(await host.Client.GetStringAsync("/v1/subnets/1/miners"))!["items"]!.AsArray();

    private static async Task<JsonArray> SeenAsync(ServingHost host) => JsonNode.Parse(await host.Client.GetStringAsync("/v1/subnets/1/serving"))!.AsArray();
}
