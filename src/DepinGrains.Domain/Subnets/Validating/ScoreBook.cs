using System.Collections.Immutable;

namespace DepinGrains.Domain.Subnets.Validating;

/// <summary>A miner's moving average.</summary>
/// <param name="Hotkey">Whose it is: a uid that changes hands begins anew.</param>
/// <param name="Average">Millionths.</param>
/// <param name="Samples">How many went into it.</param>
public sealed record MinerScore(string Hotkey, long Average, long Samples);

/// <summary>A validator's memory of its miners, by hotkey. Immutable.</summary>
public sealed record ScoreBook(ImmutableSortedDictionary<string, MinerScore> Scores)
{
    /// <summary>Nobody known.</summary>
    public static ScoreBook Empty { get; } = new(ImmutableSortedDictionary.Create<string, MinerScore>(StringComparer.Ordinal));

    /// <summary>One answer's worth: quality × reference/(reference + time), millionths. Half the score is lost at the reference.</summary>
    public static long Worth(long quality, long micros, long referenceMicros) => Ppm.Times(quality, Ppm.Of(referenceMicros, referenceMicros + Math.Max(0, micros)));

    /// <summary>The book after one more score; the first is taken whole, later ones move the average by <paramref name="alpha"/> millionths, rounded down: who is worth nothing comes to nothing.</summary>
    public ScoreBook With(string hotkey, long score, long alpha)
    {
        var known = Scores.GetValueOrDefault(hotkey);
        var next = known is null ? new MinerScore(hotkey, score, 1) : known with { Average = known.Average + Ppm.Toward(score - known.Average, alpha), Samples = known.Samples + 1 };
        return new ScoreBook(Scores.SetItem(hotkey, next));
    }

    /// <summary>Without those who are no longer registered.</summary>
    public ScoreBook Only(IReadOnlySet<string> hotkeys) => new(Scores.RemoveRange(Scores.Keys.Where(k => !hotkeys.Contains(k))));

    /// <summary>Weights for the uids whose hotkey is known and scored above zero, the best 65535; uids ascending, never <paramref name="own"/>. Empty when nobody has earned any.</summary>
    /// <param name="hotkeys">By uid, as the metagraph has them.</param>
    /// <param name="own">The validator's own uid, or -1.</param>
    public (ImmutableArray<ushort> Uids, ImmutableArray<ushort> Values) Weights(IReadOnlyList<string> hotkeys, int own)
    {
        ArgumentNullException.ThrowIfNull(hotkeys);
        var earned = hotkeys.Select((hotkey, uid) => (Uid: uid, Score: Scores.GetValueOrDefault(hotkey)?.Average ?? 0)).Where(m => m.Score > 0 && m.Uid != own).ToArray();
        if (earned.Length == 0)
        {
            return ([], []);
        }

        var best = earned.Max(static m => m.Score);
        var weights = earned.Select(m => (m.Uid, Weight: (ushort)((Int128)m.Score * ushort.MaxValue / best))).Where(static m => m.Weight > 0).ToArray();
        return ([.. weights.Select(static m => (ushort)m.Uid)], [.. weights.Select(static m => m.Weight)]);
    }
}
