namespace DepinGrains.Domain.Nodes;

/// <summary>How often agents beat: as often as wanted while that is affordable, more rarely as nodes grow.</summary>
public static class HeartbeatInterval
{
    private const int StepMs = 100;

    /// <summary>
    /// nodes / <paramref name="beatsPerSecond"/> seconds, rounded up to 100 ms, within [<paramref name="shortest"/>, <paramref name="longest"/>].
    /// At <paramref name="longest"/> the budget may be exceeded: knowing a death late costs more than a beat.
    /// </summary>
    public static TimeSpan For(long nodes, int beatsPerSecond, TimeSpan shortest, TimeSpan longest)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nodes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beatsPerSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, shortest);
        var steps = (((Int128)nodes * 1000) + ((Int128)beatsPerSecond * StepMs) - 1) / ((Int128)beatsPerSecond * StepMs);
        var wanted = steps * StepMs > (Int128)longest.TotalMilliseconds ? longest : TimeSpan.FromMilliseconds((long)steps * StepMs);
        return wanted < shortest ? shortest : wanted;
    }

    /// <summary>Silence after which a node is dead: three intervals and a second.</summary>
    public static TimeSpan Timeout(TimeSpan interval) => (interval * 3) + TimeSpan.FromSeconds(1);

    /// <summary>Silence after which a node is suspect: one and a half intervals.</summary>
    public static TimeSpan Overdue(TimeSpan interval) => interval * 1.5;
}
