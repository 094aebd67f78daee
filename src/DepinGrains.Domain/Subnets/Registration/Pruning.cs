namespace DepinGrains.Domain.Subnets.Registration;

/// <summary>Whose rules choose the uid a newcomer replaces.</summary>
public enum PruningEra
{
    /// <summary>April 2024: equal scores lose the highest uid first, immune ones the lowest.</summary>
    Early2024 = 0,

    /// <summary>From August 2024 (PR #726): equal scores lose the oldest registration, then the lowest uid.</summary>
    Late2024 = 1,

    /// <summary>From October 2025 (PR #2158): by emission, with immortal uids, and none when nobody may go.</summary>
    Since2025 = 2,
}

/// <summary>One uid as pruning sees it.</summary>
/// <param name="Score">Pruning score (2024) or emission of the last epoch, rao (2025).</param>
/// <param name="RegisteredAt">Block.</param>
/// <param name="Immortal">The owner's own (2025).</param>
public readonly record struct PruningCandidate(ulong Score, ulong RegisteredAt, bool Immortal = false);

/// <summary>Chooses the uid that makes room. Sources: subtensor a13316c42 <c>registration.rs get_neuron_to_prune</c>, e6683abcd, 14bc6f9f9; 64 cases in <c>registration_vectors.json</c>.</summary>
/// <param name="Era">Whose rules.</param>
/// <param name="ImmunityPeriod">Blocks after registration during which a uid goes only when all others are immune as well; at exactly this age it is not immune.</param>
/// <param name="MinNonImmune">Uids out of immunity that must remain (2025).</param>
public sealed record Pruning(PruningEra Era, ulong ImmunityPeriod, int MinNonImmune = 0)
{
    /// <summary>Whether a uid is protected.</summary>
    public bool IsImmune(ulong registeredAt, ulong block) => block < registeredAt || block - registeredAt < ImmunityPeriod;

    /// <summary>The uid to replace; null when there is none (an empty subnet, or all are immortal).</summary>
    public int? Choose(ReadOnlySpan<PruningCandidate> uids, ulong block) => uids.IsEmpty ? null : Era switch
    {
        PruningEra.Early2024 => ChooseEarly(uids, block),
        PruningEra.Late2024 => Lowest(uids, block, immune: false) ?? Lowest(uids, block, immune: true),
        _ => ChooseByEmission(uids, block),
    };

    private int ChooseEarly(ReadOnlySpan<PruningCandidate> uids, ulong block)
    {
        var (open, openScore, immune, immuneScore) = (0, (ulong)ushort.MaxValue, 0, (ulong)ushort.MaxValue);
        for (var uid = 0; uid < uids.Length; uid++)
        {
            if (IsImmune(uids[uid].RegisteredAt, block))
            {
                (immune, immuneScore) = uids[uid].Score < immuneScore ? (uid, uids[uid].Score) : (immune, immuneScore);
            }
            else if (uids[uid].Score <= openScore)
            {
                (open, openScore) = (uid, uids[uid].Score);
            }
        }

        // 65535 marks a slot pruned since the last epoch: when no better one is open, an immune uid goes.
        return openScore == ushort.MaxValue ? immune : open;
    }

    private int? ChooseByEmission(ReadOnlySpan<PruningCandidate> uids, ulong block)
    {
        var open = 0;
        foreach (var uid in uids)
        {
            open += !uid.Immortal && !IsImmune(uid.RegisteredAt, block) ? 1 : 0;
        }

        return open > MinNonImmune ? Lowest(uids, block, immune: false) : Lowest(uids, block, immune: true);
    }

    private int? Lowest(ReadOnlySpan<PruningCandidate> uids, ulong block, bool immune)
    {
        int? chosen = null;
        for (var uid = 0; uid < uids.Length; uid++)
        {
            var candidate = uids[uid];
            if (candidate.Immortal || IsImmune(candidate.RegisteredAt, block) != immune)
            {
                continue;
            }

            if (chosen is not { } best || (candidate.Score, candidate.RegisteredAt).CompareTo((uids[best].Score, uids[best].RegisteredAt)) < 0)
            {
                chosen = uid;
            }
        }

        return chosen;
    }
}
