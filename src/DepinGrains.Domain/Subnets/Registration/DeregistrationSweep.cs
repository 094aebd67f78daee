using System.Collections.Immutable;

namespace DepinGrains.Domain.Subnets.Registration;

/// <summary>One uid as the sweep sees it.</summary>
/// <param name="RegisteredAt">Block.</param>
/// <param name="BelowSince">Consecutive epochs below the bar before this one.</param>
/// <param name="Score">Pruning score of this epoch, of 65535.</param>
/// <param name="Immortal">Never swept: the owner's own.</param>
public readonly record struct SweepCandidate(ulong RegisteredAt, int BelowSince, ushort Score, bool Immortal = false);

/// <summary>Why a uid was deregistered.</summary>
/// <param name="Uid">Who.</param>
/// <param name="Score">Its score.</param>
/// <param name="Bar">The bar it stayed below.</param>
/// <param name="Epochs">For how many epochs.</param>
public sealed record SweptUid(int Uid, ushort Score, ushort Bar, int Epochs)
{
    /// <summary>A sentence for its owner.</summary>
    public string Reason => $"pruning score {Score} stayed below the subnet's bar {Bar} for {Epochs} epochs";
}

/// <summary>What a sweep did.</summary>
/// <param name="Removed">Weakest first.</param>
/// <param name="BelowSince">New counters by uid; 0 for the removed.</param>
public sealed record SweepOutcome(ImmutableArray<SweptUid> Removed, ImmutableArray<int> BelowSince);

/// <summary>
/// The periodic deregistration: at an epoch's end, and only there, those who stayed below the bar for the whole window go even when nobody wants their place.
/// Source: the article's rule (reference/article.md); the chain itself prunes only to make room.
/// </summary>
/// <param name="Bar">Least pruning score; 0 switches the sweep off.</param>
/// <param name="Window">Consecutive epochs below the bar, at least 1.</param>
/// <param name="MinSurvivors">Uids that must remain.</param>
/// <param name="ImmunityPeriod">Blocks after registration during which nobody is swept, nor counted.</param>
public sealed record DeregistrationSweep(ushort Bar, int Window, int MinSurvivors, ulong ImmunityPeriod)
{
    /// <summary>Counts this epoch and removes who is due, the lowest score first, then the oldest registration, then the lowest uid, until only <see cref="MinSurvivors"/> are left.</summary>
    public SweepOutcome Run(ReadOnlySpan<SweepCandidate> uids, ulong block)
    {
        var counters = new int[uids.Length];
        List<(SweepCandidate Of, int Uid)> due = [];
        for (var uid = 0; uid < uids.Length && Bar > 0; uid++)
        {
            var candidate = uids[uid];
            var immune = candidate.Immortal || block < candidate.RegisteredAt || block - candidate.RegisteredAt < ImmunityPeriod;
            if (immune || candidate.Score >= Bar)
            {
                continue;
            }

            counters[uid] = candidate.BelowSince == int.MaxValue ? int.MaxValue : candidate.BelowSince + 1;
            if (counters[uid] >= Window)
            {
                due.Add((candidate, uid));
            }
        }

        var removed = ImmutableArray.CreateBuilder<SweptUid>();
        var room = Math.Max(0, uids.Length - MinSurvivors);
        foreach (var (candidate, uid) in due.OrderBy(static d => (d.Of.Score, d.Of.RegisteredAt, d.Uid)).Take(room))
        {
            removed.Add(new SweptUid(uid, candidate.Score, Bar, counters[uid]));
            counters[uid] = 0;
        }

        return new SweepOutcome(removed.DrainToImmutable(), [.. counters]);
    }
}
