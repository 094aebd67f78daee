using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class OrderingTests(StandardHost standard) : IClassFixture<StandardHost>
{
    [Fact]
    public async Task Calls_awaited_one_after_another_run_in_that_order()
    {
        var grain = standard.Host.Grains.GetGrain<IGateGrain>("in-order");
        for (var i = 0; i < 100; i++)
        {
            await grain.Append(i).Soon();
        }

        Assert.Equal(Enumerable.Range(0, 100), await grain.Appended());
    }

    // Orleans gives no order to calls that are not awaited (its own in-process cluster reverses bursts), so none is promised: only that each runs once.
    [Fact]
    public async Task Calls_made_at_once_run_once_each_in_some_order()
    {
        var grain = standard.Host.Grains.GetGrain<IGateGrain>("some-order");
        await Task.WhenAll(Enumerable.Range(0, 500).Select(grain.Append).ToList()).Soon();
        Assert.Equal(Enumerable.Range(0, 500), (await grain.Appended()).Order());
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
