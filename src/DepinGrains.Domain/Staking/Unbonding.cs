using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Staking;

/// <summary>Stake on its way out: it earns nothing and cannot be used until it is free.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="FreeAt">When it is free.</param>
public sealed record UnbondingEntry(long Amount, DateTimeOffset FreeAt);

/// <summary>
/// How long stake takes to leave, and how many such exits one delegation may have. Source: Cosmos SDK x/staking, <c>UnbondingTime</c> (21 days) and <c>MaxEntries</c> (7). TAO has none: a period of zero frees at once.
/// </summary>
/// <param name="Period">0 or longer.</param>
/// <param name="EntriesMax">Open exits of one delegation, at least 1.</param>
public sealed record UnbondingRules(TimeSpan Period, int EntriesMax = 7)
{
    /// <summary>AKT's.</summary>
    public static readonly UnbondingRules Akt = new(TimeSpan.FromDays(21));

    /// <summary>TAO's.</summary>
    public static readonly UnbondingRules Tao = new(TimeSpan.Zero);

    /// <summary>The entries with one more; equal times are merged. Refuses <c>staking.too_many_unbondings</c>.</summary>
    public Result<ImmutableArray<UnbondingEntry>> Begin(ImmutableArray<UnbondingEntry> entries, long amount, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var freeAt = now + Period;
        var same = entries.FirstOrDefault(e => e.FreeAt == freeAt);
        if (same is not null)
        {
            return entries.Replace(same, same with { Amount = checked(same.Amount + amount) });
        }

        return entries.Length >= EntriesMax
            ? Refusal.Of("staking.too_many_unbondings", $"{entries.Length} exits are open, at most {EntriesMax}; the next is free at {entries.Min(static e => e.FreeAt):O}", ("open", entries.Length), ("max", EntriesMax))
            : entries.Add(new UnbondingEntry(amount, freeAt));
    }

    /// <summary>What is free by <paramref name="now"/>, and the entries that are not.</summary>
    public static (long Freed, ImmutableArray<UnbondingEntry> Left) Release(ImmutableArray<UnbondingEntry> entries, DateTimeOffset now) =>
        (entries.Where(e => e.FreeAt <= now).Sum(static e => e.Amount), entries.RemoveAll(e => e.FreeAt <= now));

    /// <summary>The entries after going back to the stake, the newest exit first. Refuses <c>staking.not_unbonding</c>.</summary>
    public static Result<ImmutableArray<UnbondingEntry>> Cancel(ImmutableArray<UnbondingEntry> entries, long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        var open = entries.Sum(static e => e.Amount);
        if (amount > open)
        {
            return Refusal.Of("staking.not_unbonding", $"cannot cancel {amount}: {open} is on its way out", ("amount", amount), ("open", open));
        }

        foreach (var entry in entries.OrderByDescending(static e => e.FreeAt))
        {
            var part = Math.Min(amount, entry.Amount);
            amount -= part;
            entries = part == entry.Amount ? entries.Remove(entry) : part == 0 ? entries : entries.Replace(entry, entry with { Amount = entry.Amount - part });
        }

        return entries;
    }
}
