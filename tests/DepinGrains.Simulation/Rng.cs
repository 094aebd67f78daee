namespace DepinGrains.Simulation;

/// <summary>SplitMix64: small, the same on every machine. Each part of the simulation has a stream of its own, so that one does not shift another.</summary>
internal sealed class Rng(ulong seed)
{
    private ulong _state = seed;

    public ulong NextBits()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="count"/> − 1.</summary>
    public int Below(int count) => (int)(NextBits() % (ulong)count);

    /// <summary>From <paramref name="least"/> to <paramref name="most"/>, both possible.</summary>
    public long Between(long least, long most) => least + (long)(NextBits() % (ulong)(most - least + 1));

    /// <summary>True so many times in a million.</summary>
    public bool Hits(int perMillion) => perMillion > 0 && Below(1_000_000) < perMillion;

    public bool OneIn(int count) => Below(count) == 0;

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>Another stream that follows from this seed.</summary>
    public Rng Fork() => new(NextBits());
}
