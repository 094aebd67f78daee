namespace DepinGrains.Domain.Subnets.Weights;

/// <summary>Weights a validator hands in.</summary>
/// <param name="Uids">Whom it scores.</param>
/// <param name="Values">How much, any scale; the largest becomes 65535.</param>
/// <param name="VersionKey">Version of the validator's code.</param>
public sealed record WeightSubmission(ushort[] Uids, ushort[] Values, ulong VersionKey);

/// <summary>What the rules of weights need to know about the subnet and the one who submits.</summary>
public sealed record WeightContext
{
    /// <summary>Whether the signer's coldkey owns the hotkey.</summary>
    public bool OwnsHotkey { get; init; } = true;

    /// <summary>Whether the subnet exists.</summary>
    public bool SubnetExists { get; init; } = true;

    /// <summary>Uids in the subnet.</summary>
    public required int Count { get; init; }

    /// <summary>The submitter's uid; null when it is not registered here.</summary>
    public required int? Uid { get; init; }

    /// <summary>The submitter's stake, rao.</summary>
    public ulong Stake { get; init; }

    /// <summary>Least stake to set weights, rao.</summary>
    public ulong MinStake { get; init; }

    /// <summary>Least version; 0 for any.</summary>
    public ulong VersionKey { get; init; }

    /// <summary>Now.</summary>
    public ulong Block { get; init; }

    /// <summary>Block of the submitter's last weights; 0 for never.</summary>
    public ulong LastUpdate { get; init; }

    /// <summary>Least blocks between two submissions.</summary>
    public ulong RateLimit { get; init; } = 100;

    /// <summary>Whether the submitter holds a validator permit.</summary>
    public bool Permit { get; init; }

    /// <summary>Least number of weights, capped at the number of uids.</summary>
    public int MinAllowed { get; init; } = 1;

    /// <summary>Largest share of the sum one weight may take, of 65535.</summary>
    public ushort MaxLimit { get; init; } = ushort.MaxValue;

    /// <summary>Whether weights must be committed and revealed; plain submissions are then refused.</summary>
    public bool CommitReveal { get; init; }

    /// <summary>Whether these weights are a reveal whose rate limit was paid at the commit.</summary>
    public bool IsReveal { get; init; }
}
