using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Network;

/// <summary>Heights: (now − genesis) / block time, rounded down. Nothing happens per block; a height is only a way to say when.</summary>
public sealed class NetworkClock(IOptions<NetworkOptions> options, [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time)
{
    /// <summary>Key of the market's own <see cref="TimeProvider"/>, so that tests move our clock and not the runtime's.</summary>
    public const string TimeKey = "depin";

    private readonly DateTimeOffset _genesis = options.Value.Genesis;
    private readonly long _blockTicks = options.Value.BlockTime.Ticks;

    /// <summary>Now, UTC.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The current height.</summary>
    public long Height => HeightAt(Now);

    /// <summary>The provider behind it, for timers.</summary>
    public TimeProvider Time => time;

    /// <summary>Length of a block.</summary>
    public TimeSpan BlockTime => TimeSpan.FromTicks(_blockTicks);

    /// <summary>Length of a block of subnets and TAO's emission.</summary>
    public long TaoBlockTicks { get; } = options.Value.TaoBlockTime.Ticks;

    /// <summary>The height at an instant; 0 before genesis.</summary>
    public long HeightAt(DateTimeOffset at) => Math.Max(0, (at - _genesis).Ticks / _blockTicks);

    /// <summary>When a height begins; the end of time for heights beyond it.</summary>
    public DateTimeOffset TimeOf(long height) =>
        height > (DateTimeOffset.MaxValue - _genesis).Ticks / _blockTicks ? DateTimeOffset.MaxValue : _genesis.AddTicks(height * _blockTicks);

    /// <summary>How many whole blocks fit into a time.</summary>
    public long Blocks(TimeSpan length) => length.Ticks / _blockTicks;
}
