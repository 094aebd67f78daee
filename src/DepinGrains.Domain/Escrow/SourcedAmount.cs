using System.Collections.Immutable;

namespace DepinGrains.Domain.Escrow;

/// <summary>Whole minor units of one source.</summary>
/// <param name="Source">The token a credit was minted from, or null when there is none to tell.</param>
public readonly record struct SourcedAmount(string? Source, long Amount);

/// <summary>Queues of sourced amounts: first in, first out, neighbours of one source merged.</summary>
public static class SourcedAmounts
{
    /// <summary>Adds at the end.</summary>
    public static ImmutableArray<SourcedAmount> Add(ImmutableArray<SourcedAmount> queue, string? source, long amount)
    {
        if (amount == 0)
        {
            return queue;
        }

        return queue is [.., var last] && last.Source == source
            ? queue.SetItem(queue.Length - 1, last with { Amount = checked(last.Amount + amount) })
            : queue.Add(new SourcedAmount(source, amount));
    }

    /// <summary>Takes from the front. What the queue lacks is taken without a source.</summary>
    public static (ImmutableArray<SourcedAmount> Taken, ImmutableArray<SourcedAmount> Left) Take(ImmutableArray<SourcedAmount> queue, long amount)
    {
        ImmutableArray<SourcedAmount> taken = [];
        var index = 0;
        while (amount > 0 && index < queue.Length)
        {
            var part = Math.Min(amount, queue[index].Amount);
            taken = Add(taken, queue[index].Source, part);
            amount -= part;
            if (part < queue[index].Amount)
            {
                queue = queue.SetItem(index, queue[index] with { Amount = queue[index].Amount - part });
                break;
            }

            index++;
        }

        return (Add(taken, null, amount), index == 0 ? queue : queue.RemoveRange(0, index));
    }

    /// <summary>
    /// How much of each source leaves with <paramref name="amount"/> of a wallet: credit without a source first, then sources in the given order. The order makes the rule exact
    /// without rounding: what stays behind never has more source than credit, whatever the pieces it is moved in.
    /// </summary>
    /// <param name="posted">The wallet's credit.</param>
    /// <param name="held">How much of it came from each source.</param>
    public static ImmutableArray<SourcedAmount> Leaving(long amount, long posted, ImmutableArray<SourcedAmount> held)
    {
        var sourced = held.Aggregate(Int128.Zero, static (sum, h) => sum + h.Amount);
        var left = (long)Int128.Clamp(amount - (posted - sourced), 0, amount);
        ImmutableArray<SourcedAmount> leaving = [];
        foreach (var part in held)
        {
            var taken = Math.Min(left, part.Amount);
            leaving = Add(leaving, part.Source, taken);
            left -= taken;
        }

        return leaving;
    }
}

/// <summary>The take fees that hold at an instant for one escrow account, in basis points.</summary>
/// <param name="Default">For the account's own currency, and for credit without a source.</param>
/// <param name="BySource">For credit by the token it was minted from.</param>
public readonly record struct FeeRates(int Default, ImmutableArray<(string Source, int BasisPoints)> BySource)
{
    /// <summary>The fee of a source.</summary>
    public int Of(string? source)
    {
        if (source is not null && !BySource.IsDefault)
        {
            foreach (var (name, basisPoints) in BySource)
            {
                if (name == source)
                {
                    return basisPoints;
                }
            }
        }

        return Default;
    }

    /// <summary>One fee for everything.</summary>
    public static implicit operator FeeRates(int basisPoints) => new(basisPoints, []);
}
