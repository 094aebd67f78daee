using System.Net;
using System.Text;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Gateway.Subnets.Serving;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>Callers who ask and do not read: they pay while their money is held, and take no more memory than there is.</summary>
public sealed class SlowCallerTests
{
    private static readonly InferencePrice Price = new(500_000, 1_500_000, 100_000, 500);

    [Fact]
    public async Task A_caller_who_never_reads_his_whole_answer_pays_it_within_the_requests_time()
    {
        await using var host = await ServingHost.StartAsync(("TotalTimeout", "00:00:20"));
        await using var miner = RawMiner.Says(RawMiner.Whole("fine", new string('x', 24 << 20)));
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000);
        using var answer = await caller.PostAsync("chat/completions", new { model = "subnet-1", logprobs = true, max_tokens = 100, messages = new[] { new { role = "user", content = "question" } } });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1_000_000 - Price.Cost(new InferenceUse(7, 1, 0)), await host.SettledAsync(caller.Wallet));
        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_caller_who_never_reads_his_stream_pays_what_was_written_within_the_requests_time()
    {
        await using var host = await ServingHost.StartAsync(("TotalTimeout", "00:00:20"));
        await using var miner = new RawMiner(static async (socket, cancel) =>
        {
            await socket.WriteAsync(Encoding.ASCII.GetBytes(RawMiner.StreamHead), cancel);
            var piece = Encoding.ASCII.GetBytes($"data: {{\"choices\":[{{\"delta\":{{\"content\":\"word\"}},\"logprobs\":{{\"token\":\"{new string('x', 200_000)}\"}}}}]}}\n\n");
            while (true)
            {
                await socket.WriteAsync(piece, cancel);
            }
        });
        host.Serve(miner.Address);
        var caller = await host.CallerAsync(1_000_000);
        using var answer = await caller.ChatAsync("question", stream: true);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(await host.SettledAsync(caller.Wallet) <= 1_000_000 - Price.Cost(new InferenceUse(7, 1, 0)), "what was written is paid");
    }

    [Fact]
    public async Task Whole_answers_beyond_the_memory_they_may_take_are_refused_and_may_be_asked_for_again()
    {
        await using var host = await ServingHost.StartAsync(("AnswerBytesMax", "200000"), ("BufferedBytesMax", "200000"));
        await using var miner = await SampleMiner.StartAsync();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        miner.Before = (_, cancel) => begun.TrySetResult() ? go.Task.WaitAsync(cancel) : Task.CompletedTask;
        host.Serve(miner.Address);
        var caller = await host.CallerAsync();
        var first = caller.ChatAsync("question", stream: false);
        await begun.Task.WaitAsync(TimeSpan.FromMinutes(1));

        using (var refused = await caller.ChatAsync("question", stream: false))
        {
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal(ServingErrors.Memory, (await ServingCaller.ErrorAsync(refused, HttpStatusCode.ServiceUnavailable)).GetProperty("code").GetString());
        }

        Assert.True((await caller.StreamAsync("question")).Done, "streams take none of it");
        go.SetResult();
        using (var answered = await first)
        {
            Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
            await answered.Content.ReadAsStringAsync();
        }

        await host.SettledAsync(caller.Wallet);
        await ServingHost.UntilAsync("the memory is free", () => host.Services.GetRequiredService<AnswerMemory>().Taken == 0);
        using var again = await caller.ChatAsync("question", stream: false);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }
}
