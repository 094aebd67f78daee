using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>What a caller gets and pays.</summary>
public sealed class ServingTests
{
    private static readonly InferencePrice Price = new(500_000, 1_500_000, 100_000, 500);

    /// <summary>What the default prices make of a chat with one message.</summary>
    private static (long Amount, long Miner, long Fee) Bill(string prompt, string answer, bool withPrompt = true)
    {
        var tokens = TokenCount.Of(prompt) + TokenCount.Of("user") + TokenCount.PerMessage;
        Assert.Equal(0, ("user".Length + prompt.Length) % 4); // Roles are text of the prompt; lengths that need no rounding keep this sum simple.
        var amount = Price.Cost(new InferenceUse(withPrompt ? tokens : 0, TokenCount.Of(answer), 0));
        var (miner, fee) = Price.Split(amount);
        return (amount, miner, fee);
    }

    [Fact]
    public async Task A_streamed_chat_comes_token_by_token_and_is_billed_by_what_the_gateway_counted()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync(words: 6);
        miner.Claims = 1_000_000;
        var third = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        miner.Before = (word, cancel) => word == 3 ? third.Task.WaitAsync(cancel) : Task.CompletedTask;
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000);

        using var answer = await caller.ChatAsync("a prompt of 20 chars", stream: true);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var read = "";
        var words = DeterministicTask.Answer("a prompt of 20 chars", 6).ToArray();
        while (!read.Contains(words[2].Trim(), StringComparison.Ordinal))
        {
            read += await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1)) + "\n";
        }

        // The miner waits with the fourth word until the caller has seen the third: nothing is kept back.
        var held = await host.BalanceAsync(caller.Wallet);
        Assert.Equal(Price.Cost(new InferenceUse(10, 100, 0)), held.Held);
        third.SetResult();
        read += await reader.ReadToEndAsync();
        Assert.EndsWith("data: [DONE]\n\n", read, StringComparison.Ordinal);
        Assert.DoesNotContain("usage", read, StringComparison.Ordinal);
        Assert.DoesNotContain("miner-made", read, StringComparison.Ordinal);

        var bill = Bill("a prompt of 20 chars", string.Concat(words));
        Assert.Equal(1_000_000 - bill.Amount, await host.SettledAsync(caller.Wallet));
        Assert.Equal(bill.Miner, (await host.BalanceAsync(ServingHost.PayTo(0))).Posted);
        Assert.Equal(bill.Fee, (await host.BalanceAsync(LedgerAccounts.CommunityPool)).Posted);
    }

    [Fact]
    public async Task A_long_prompt_arrives_whole_and_a_body_that_is_too_large_is_refused()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync();
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000_000_000);
        var prompt = new string('x', 400_000);
        using (var answer = await caller.ChatAsync(prompt, stream: false))
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(prompt, (string?)miner.Requests.Single()["messages"]![0]!["content"]);
        // Again and again: a client that is still writing when it is refused must get to read why.
        for (var i = 0; i < 20; i++)
        {
            using var refused = await caller.ChatAsync(new string('x', (1 << 20) + (i << 17)), stream: false);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        }

        Assert.Single(miner.Requests);
    }

    [Fact]
    public async Task An_answer_that_is_not_streamed_carries_the_gateways_usage_whatever_the_miner_claims()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync();
        miner.Claims = 999_999;
        host.Serve(miner.Address);
        var caller = await host.CallerAsync();

        using var answer = await caller.ChatAsync("question", stream: false);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var text = DeterministicTask.Text("question", 8);
        Assert.Equal(text, (string?)body["choices"]![0]!["message"]!["content"]);
        Assert.Equal("subnet-1", (string?)body["model"]);
        Assert.Equal(TokenCount.Of(text), (long)body["usage"]!["completion_tokens"]!);
        var bill = Bill("question", text);
        Assert.Equal(1_000_000_000 - bill.Amount, await host.SettledAsync(caller.Wallet));
        var forwarded = miner.Requests.Single();
        Assert.Equal(100, (int)forwarded["max_tokens"]!);
    }

    [Fact]
    public async Task Completions_embeddings_and_images_are_served_and_billed_each_by_its_measure()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync();
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000);

        using (var text = await caller.PostAsync("completions", new { model = "subnet-1", prompt = "four", max_tokens = 50 }))
        {
            Assert.Equal(DeterministicTask.Text("four", 8), (string?)JsonNode.Parse(await text.Content.ReadAsStringAsync())!["choices"]![0]!["text"]);
        }

        var left = 1_000_000 - Price.Cost(new InferenceUse(1, TokenCount.Of(DeterministicTask.Text("four", 8)), 0));
        Assert.Equal(left, await host.SettledAsync(caller.Wallet));
        using (var vectors = await caller.PostAsync("embeddings", new { model = "subnet-1", input = (string[])["eightbyt", "four"] }))
        {
            var data = JsonNode.Parse(await vectors.Content.ReadAsStringAsync())!;
            Assert.Equal(2, data["data"]!.AsArray().Count);
            Assert.Equal(3, (long)data["usage"]!["total_tokens"]!);
        }

        left -= Price.Cost(new InferenceUse(3, 0, 0));
        Assert.Equal(left, await host.SettledAsync(caller.Wallet));
        using (var images = await caller.PostAsync("images/generations", new { model = "subnet-1", prompt = "a tree", n = 2 }))
        {
            Assert.Equal(2, JsonNode.Parse(await images.Content.ReadAsStringAsync())!["data"]!.AsArray().Count);
        }

        Assert.Equal(left - Price.Cost(new InferenceUse(2, 0, 2)), await host.SettledAsync(caller.Wallet));
    }

    [Fact]
    public async Task A_caller_who_leaves_ends_the_miners_work_and_pays_what_arrived()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync(words: 50);
        miner.Before = static (word, cancel) => word < 3 ? Task.CompletedTask : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000);
        var words = DeterministicTask.Answer("question", 3).ToArray();

        using (var leaving = new CancellationTokenSource())
        {
            using var answer = await caller.ChatAsync("question", stream: true, cancel: leaving.Token);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
            var read = "";
            while (!read.Contains(words[2].Trim(), StringComparison.Ordinal))
            {
                read += await reader.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
            }

            await leaving.CancelAsync();
        }

        await miner.Left.Task.WaitAsync(TimeSpan.FromMinutes(1));
        var bill = Bill("question", string.Concat(words));
        Assert.Equal(1_000_000 - bill.Amount, await host.SettledAsync(caller.Wallet));
        Assert.Equal(bill.Miner, (await host.BalanceAsync(ServingHost.PayTo(0))).Posted);
    }

    [Fact]
    public async Task Nobody_is_served_beyond_his_money_and_no_miner_works_for_him()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync();
        host.Serve(miner.Address);
        var poor = await host.CallerAsync(10);
        using var answer = await poor.ChatAsync("question", stream: true);
        var error = await ServingCaller.ErrorAsync(answer, HttpStatusCode.PaymentRequired);
        Assert.Equal("insufficient_quota", error.GetProperty("type").GetString());
        Assert.Empty(miner.Requests);
        Assert.Equal(10, await host.SettledAsync(poor.Wallet));
    }

    [Fact]
    public async Task A_request_costs_at_most_what_its_bound_says_however_much_a_miner_writes()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync(words: 100);
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000);
        await caller.StreamAsync("question", maxTokens: 5);
        Assert.Equal(1_000_000 - Price.Cost(new InferenceUse(7, 5, 0)), await host.SettledAsync(caller.Wallet));
    }

    [Fact]
    public async Task A_miner_that_never_stops_is_cut_off()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync(words: 100_000);
        host.Serve(miner.Address);
        var caller = await host.CallerAsync();
        var end = await caller.StreamAsync("question", maxTokens: 5);
        Assert.Equal(ServingErrors.Interrupted, end.Error);
        Assert.True(end.Content.Length < 5_000, $"{end.Content.Length} characters came");
    }

    [Fact]
    public async Task Models_are_the_subnets_and_errors_have_OpenAIs_shape()
    {
        await using var host = await ServingHost.StartAsync();
        await using var miner = await SampleMiner.StartAsync();
        host.Serve(miner.Address);
        var caller = await host.CallerAsync();
        var reader = await host.CallerAsync(0, "ledgers:read");

        using (var other = await caller.PostAsync("chat/completions", new { model = "gpt-4o", messages = new[] { new { role = "user", content = "x" } } }))
        {
            Assert.Equal("model", (await ServingCaller.ErrorAsync(other, HttpStatusCode.NotFound)).GetProperty("param").GetString());
        }

        using (var unknown = await caller.PostAsync("chat/completions", new { model = "subnet-9", messages = new[] { new { role = "user", content = "x" } } }))
        {
            Assert.Equal(ServingErrors.ModelNotFound, (await ServingCaller.ErrorAsync(unknown, HttpStatusCode.NotFound)).GetProperty("code").GetString());
        }

        using (var scope = await reader.ChatAsync("x", stream: false))
        {
            Assert.Equal("permission_error", (await ServingCaller.ErrorAsync(scope, HttpStatusCode.Forbidden)).GetProperty("type").GetString());
        }

        using (var stranger = await host.Client.GetAsync("/v1/openai/models"))
        {
            Assert.Equal("authentication_error", (await ServingCaller.ErrorAsync(stranger, HttpStatusCode.Unauthorized)).GetProperty("type").GetString());
        }

        using (var large = await caller.PostAsync("chat/completions", new { model = "subnet-1", messages = new[] { new { role = "user", content = new string('x', 600_000) } } }))
        {
            Assert.Equal("messages", (await ServingCaller.ErrorAsync(large, HttpStatusCode.BadRequest)).GetProperty("param").GetString());
        }
    }
}
