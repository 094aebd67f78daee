using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class InterleavingTests(StandardHost standard) : IClassFixture<StandardHost>
{
    [Fact]
    public async Task A_call_waits_until_the_one_before_it_has_ended()
    {
        var (grain, board) = Gate<IGateGrain>("plain");
        var first = grain.Wait("first");
        await board.Until("first starts");
        var second = grain.Wait("second");
        board.Open("second");
        // An interleaving call behind it proves that the second had its chance to start.
        board.Open("probe");
        await grain.WaitInterleaving("probe").Soon();
        board.Open("first");
        await Task.WhenAll(first, second).Soon();
        Assert.Equal(["first starts", "probe starts", "probe ends", "first ends", "second starts", "second ends"], board.Notes);
    }

    [Fact]
    public async Task A_reentrant_grain_starts_a_call_while_another_waits()
    {
        var (grain, board) = Gate<IReentrantGateGrain>("reentrant");
        var first = grain.Wait("first");
        await board.Until("first starts");
        board.Open("second");
        await grain.Wait("second").Soon();
        board.Open("first");
        await first.Soon();
        Assert.Equal(["first starts", "second starts", "second ends", "first ends"], board.Notes);
    }

    [Fact]
    public async Task An_interleaving_call_does_not_hold_up_others()
    {
        var (grain, board) = Gate<IGateGrain>("interleave-first");
        var first = grain.WaitInterleaving("first");
        await board.Until("first starts");
        board.Open("second");
        await grain.Wait("second").Soon();
        board.Open("first");
        await first.Soon();
    }

    [Fact]
    public async Task Readers_run_together_and_a_writer_waits_for_them()
    {
        var (grain, board) = Gate<IGateGrain>("readers");
        var one = grain.WaitReading("one");
        await board.Until("one starts");
        var writer = grain.Wait("writer");
        var two = grain.WaitReading("two");
        await board.Until("two starts");
        Assert.DoesNotContain("writer starts", board.Notes);
        board.Open("writer");
        board.Open("two");
        await two.Soon();
        board.Open("one");
        await Task.WhenAll(one, writer).Soon();
        Assert.True(Array.IndexOf(board.Notes, "writer starts") > Array.IndexOf(board.Notes, "one ends"));
    }

    private (T Grain, Board Board) Gate<T>(string key) where T : IGateGrain => (standard.Host.Grains.GetGrain<T>(key), Board.Of(key));
}
