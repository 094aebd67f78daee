using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class TimerTests(StandardHost standard) : IClassFixture<StandardHost>
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task A_timer_ticks_again_after_a_failing_tick_and_never_overlaps()
    {
        var (grain, board) = Get("repeats");
        await grain.Start(TimeSpan.Zero, Soon, interleave: false, atGate: false);
        await board.Until("tick 4");
        await grain.Stop();
        Assert.DoesNotContain("overlap", board.Notes);
    }

    [Fact]
    public async Task A_tick_that_is_not_over_holds_back_the_next()
    {
        var (grain, board) = Get("slow");
        await grain.Start(TimeSpan.Zero, TimeSpan.Zero + Soon, interleave: true, atGate: true);
        await board.Until("tick 1");
        await Task.Delay(5 * Soon);
        Assert.DoesNotContain("tick 2", board.Notes);
        board.Open("tick 1");
        await board.Until("tick 2");
        await grain.Stop();
        board.Open("tick 2");
    }

    [Fact]
    public async Task A_tick_waits_for_the_running_call_unless_it_may_interleave()
    {
        var (plain, plainBoard) = Get("waits");
        var (mixing, mixingBoard) = Get("mixes");
        await plain.Start(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, interleave: false, atGate: false);
        await mixing.Start(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, interleave: true, atGate: false);
        var first = plain.WaitAt("gate");
        var second = mixing.WaitAt("gate");
        await mixingBoard.Until("tick 1");
        await Task.Delay(2 * Soon);
        Assert.DoesNotContain("tick 1", plainBoard.Notes);
        plainBoard.Open("gate");
        mixingBoard.Open("gate");
        await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(10));
        await plainBoard.Until("tick 1");
    }

    [Fact]
    public async Task A_stopped_timer_is_silent_and_a_changed_one_follows_its_new_times()
    {
        var (grain, board) = Get("changed");
        await grain.Start(TimeSpan.FromHours(1), TimeSpan.FromHours(1), interleave: false, atGate: false);
        await grain.Change(Soon, Soon);
        await board.Until("tick 3");
        await grain.Stop();
        var ticks = board.Notes.Length;
        await Task.Delay(5 * Soon);
        Assert.InRange(board.Notes.Length, ticks, ticks + 1);
    }

    private (ITimerGrain Grain, Board Board) Get(string key) => (standard.Host.Grains.GetGrain<ITimerGrain>($"timer-{key}"), Board.Of($"timer-{key}"));
}
