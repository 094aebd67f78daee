using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Grains.Subnets;

/// <summary>What the last epoch decided, by uid. Arrays are never changed once they are here.</summary>
public sealed record SubnetNumbers
{
    /// <summary>A subnet whose first epoch is still to come.</summary>
    public static readonly SubnetNumbers Empty = Of(0);

    public required ushort[] Rank { get; init; }

    public required ushort[] Trust { get; init; }

    public required ushort[] Consensus { get; init; }

    public required ushort[] Incentive { get; init; }

    public required ushort[] Dividends { get; init; }

    public required ushort[] ValidatorTrust { get; init; }

    public required ushort[] Pruning { get; init; }

    public required ushort[] Permit { get; init; }

    /// <summary>Rao.</summary>
    public required long[] Emission { get; init; }

    /// <summary>Rao.</summary>
    public required long[] Stake { get; init; }

    /// <summary>Consecutive epochs below the sweep's bar.</summary>
    public required long[] BelowSince { get; init; }

    /// <summary>How many uids.</summary>
    public int Count => Rank.Length;

    /// <summary>Zeros.</summary>
    public static SubnetNumbers Of(int count) => new()
    {
        Rank = new ushort[count], Trust = new ushort[count], Consensus = new ushort[count], Incentive = new ushort[count], Dividends = new ushort[count], ValidatorTrust = new ushort[count],
        Pruning = new ushort[count], Permit = new ushort[count], Emission = new long[count], Stake = new long[count], BelowSince = new long[count],
    };

    /// <summary>From an epoch.</summary>
    public static SubnetNumbers Of(EpochOutcome outcome, long[] stakes, long[] belowSince)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        return new SubnetNumbers
        {
            Rank = outcome.Rank, Trust = outcome.Trust, Consensus = outcome.Consensus, Incentive = outcome.Incentive, Dividends = outcome.Dividends, ValidatorTrust = outcome.ValidatorTrust,
            Pruning = outcome.PruningScores, Permit = Array.ConvertAll(outcome.NewPermits, static p => p ? (ushort)1 : (ushort)0),
            Emission = Array.ConvertAll(outcome.Emission, static e => (long)e), Stake = stakes, BelowSince = belowSince,
        };
    }

    /// <summary>With one uid's numbers gone, and its pruning score as said: 65535 marks a uid that changed hands since the last epoch.</summary>
    public SubnetNumbers Cleared(int uid, ushort pruning)
    {
        var size = Math.Max(Count, uid + 1);
        return new SubnetNumbers
        {
            Rank = Zero(Rank), Trust = Zero(Trust), Consensus = Zero(Consensus), Incentive = Zero(Incentive), Dividends = Zero(Dividends), ValidatorTrust = Zero(ValidatorTrust), Pruning = Put(Pruning, pruning),
            Permit = Zero(Permit), Emission = Zero(Emission), Stake = Zero(Stake), BelowSince = Zero(BelowSince),
        };

        T[] Zero<T>(T[] from)
            where T : struct => Put(from, default);

        T[] Put<T>(T[] from, T value)
        {
            var next = new T[size];
            from.CopyTo(next, 0);
            next[uid] = value;
            return next;
        }
    }
}

/// <summary>Weights of one uid. <paramref name="LastUpdate"/>: the block of its last weights or commit.</summary>
public sealed record WeightsOf(long LastUpdate, ushort[] Uids, ushort[] Values);
