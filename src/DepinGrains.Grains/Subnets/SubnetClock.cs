using DepinGrains.Grains.Network;

namespace DepinGrains.Grains.Subnets;

/// <summary>Blocks of subnets: <see cref="NetworkOptions.TaoBlockTime"/>, 12 s, from the network's genesis, whatever the length of the market's blocks.</summary>
public static class SubnetClock
{
    /// <summary>The block now.</summary>
    public static long Block(this NetworkClock clock) => Math.Max(0, (clock.Now - clock.TimeOf(0)).Ticks / clock.TaoBlockTicks);

    /// <summary>When a block begins.</summary>
    public static DateTimeOffset TimeOfBlock(this NetworkClock clock, long block) =>
        block > (DateTimeOffset.MaxValue - clock.TimeOf(0)).Ticks / clock.TaoBlockTicks ? DateTimeOffset.MaxValue : clock.TimeOf(0).AddTicks(block * clock.TaoBlockTicks);
}
