using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class OrderingTests(StandardHost standard) : IClassFixture<StandardHost>
{
    [Fact]
    public async Task Calls_of_one_caller_run_in_the_order_they_were_made()
    {
        var grain = standard.Host.Grains.GetGrain<IGateGrain>("in-order");
        await grain.Append(-1);
        var calls = Enumerable.Range(0, 500).Select(grain.Append).ToList();
        await Task.WhenAll(calls).Soon();
        Assert.Equal(Enumerable.Range(-1, 501), await grain.Appended());
    }

    [Fact]
    public async Task A_busy_grain_runs_one_turn_at_a_time_whoever_calls()
    {
        var grain = standard.Host.Grains.GetGrain<IReentrantGateGrain>("one-turn");
        var callers = Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                await grain.Append(caller);
            }
        }));
        await Task.WhenAll(callers).Soon();
        Assert.Empty(Board.Of("one-turn").Notes);
        Assert.Equal(800, (await grain.Appended()).Length);
    }

    [Fact]
    public async Task Grain_code_comes_back_to_its_own_scheduler_after_each_await()
    {
        Assert.True(await standard.Host.Grains.GetGrain<ISchedulerGrain>(1).StaysOnItsScheduler().Soon());
    }

    [Fact]
    public async Task Value_tasks_answer_like_tasks()
    {
        var grain = standard.Host.Grains.GetGrain<ISchedulerGrain>(2);
        Assert.Equal(5, await grain.AddAsync(2, 3));
        await grain.NothingAsync();
    }
}
