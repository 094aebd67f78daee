using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class DeadlockTests
{
    [Fact]
    public async Task A_chain_that_waits_for_itself_ends_with_a_time_out_and_harms_nobody()
    {
        await using var host = await RuntimeHost.StartAsync(new RuntimeSettings { ResponseTimeout = TimeSpan.FromSeconds(5) });
        var first = host.Grains.GetGrain<IChainGrain>("a");
        Assert.Equal("a>b", await first.Call(["b"]).Soon());
        await Assert.ThrowsAsync<TimeoutException>(() => first.Call(["b", "a"]).Soon());
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await first.Call(["b"]).Soon() == "a>b";
                }
                catch (TimeoutException)
                {
                    return false;
                }
            },
            "both grains answer again");
    }

    [Fact]
    public async Task A_call_that_is_never_answered_times_out()
    {
        await using var host = await RuntimeHost.StartAsync(new RuntimeSettings { ResponseTimeout = TimeSpan.FromMilliseconds(500) });
        var grain = host.Grains.GetGrain<IGateGrain>("never");
        await Assert.ThrowsAsync<TimeoutException>(() => grain.Wait("never").Soon());
        Board.Of("never").Open("never");
    }
}
