using System.Collections.Immutable;

namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>A miner that could answer.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Incentive">Of the last epoch, u16 as the metagraph shows it.</param>
/// <param name="InFlight">Requests this gateway has open with it.</param>
/// <param name="Health">What this gateway knows of it.</param>
public readonly record struct MinerCandidate(int Uid, ushort Incentive, int InFlight, MinerHealth Health);

/// <summary>How strongly each thing counts.</summary>
/// <param name="ExploreBasisPoints">Share of requests whose first try goes to another than the best, 0 to 10,000: how a newcomer, or one that got well again, is ever noticed.</param>
/// <param name="ReferenceMicros">A first token that takes this long halves a miner's score; also what is assumed of one that never answered.</param>
/// <param name="Slots">So many open requests halve a miner's score.</param>
/// <param name="Tries">Longest list answered.</param>
public readonly record struct ChoiceParameters(int ExploreBasisPoints, long ReferenceMicros, int Slots, int Tries);

/// <summary>Which miners a request is tried with, in order. Pure: the same candidates, instant and seed give the same order.</summary>
public static class MinerChoice
{
    private const int Whole = 10_000;

    /// <summary>
    /// Best first: score = (incentive + 1) × success × reference/(reference + first token) × slots/(slots + open). With the probability of exploration the first one is drawn evenly from the others that do not rest.
    /// Those that rest come last.
    /// </summary>
    /// <param name="candidates">In any order; uids are unique.</param>
    /// <param name="nowMs">The clock rests are measured with.</param>
    /// <param name="seed">Any 64 evenly distributed bits.</param>
    public static ImmutableArray<int> Order(IReadOnlyList<MinerCandidate> candidates, long nowMs, ulong seed, ChoiceParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        var ranked = new (bool Rests, UInt128 Score, int Uid)[candidates.Count];
        var awake = 0;
        for (var i = 0; i < ranked.Length; i++)
        {
            var rests = candidates[i].Health.RestUntilMs > nowMs;
            awake += rests ? 0 : 1;
            ranked[i] = (rests, Score(candidates[i], parameters), candidates[i].Uid);
        }

        Array.Sort(ranked, static (a, b) => a.Rests != b.Rests ? a.Rests.CompareTo(b.Rests) : a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Uid.CompareTo(b.Uid));
        if (awake > 1 && (long)(seed % Whole) < parameters.ExploreBasisPoints)
        {
            // Never the best itself: the share is what others get.
            var drawn = 1 + (int)(seed / Whole % (ulong)(awake - 1));
            (ranked[0], ranked[drawn]) = (ranked[drawn], ranked[0]);
        }

        return [.. ranked.Take(parameters.Tries).Select(static r => r.Uid)];
    }

    /// <summary>A miner's score; only its order means something.</summary>
    public static UInt128 Score(MinerCandidate candidate, ChoiceParameters parameters)
    {
        var firstToken = candidate.Health.FirstTokenMicros == 0 ? parameters.ReferenceMicros : candidate.Health.FirstTokenMicros;
        var merit = (UInt128)(candidate.Incentive + 1u) * (uint)Math.Max(1, candidate.Health.SuccessPermille) << 40;
        return merit * (ulong)parameters.ReferenceMicros / (ulong)(parameters.ReferenceMicros + firstToken) * (uint)parameters.Slots / (uint)(parameters.Slots + Math.Max(0, candidate.InFlight));
    }
}
