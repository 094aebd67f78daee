using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Staking;

/// <summary>Stake of one coldkey on a hotkey, rao.</summary>
public readonly record struct Nomination(string Coldkey, ulong Stake);

/// <summary>What a hotkey earned.</summary>
/// <param name="Owner">The coldkey that owns it.</param>
/// <param name="IsDelegate">Whether others' stake shares in its dividends; otherwise all is the owner's.</param>
/// <param name="Take">The owner's part of validation first, of 65535.</param>
/// <param name="Mining">Rao for mining: the owner's.</param>
/// <param name="Validating">Rao for validating: take, then by stake.</param>
public sealed record HotkeyEarnings(string Owner, bool IsDelegate, ushort Take, ulong Mining, ulong Validating);

/// <summary>
/// Splits a hotkey's earnings over its coldkeys: the take to the owner, the rest by stake before this payout, every share rounded down, what rounding left to the owner. Nothing is lost, nothing made.
/// Source: subtensor a13316c42 <c>block_step.rs:201 emit_inflation_through_hotkey_account</c>, I64F64; <c>delegation_vectors.json</c>.
/// </summary>
public static class DelegationPayout
{
    /// <summary>Take of a delegate unless it chose less, of 65535: 18 %.</summary>
    public const ushort DefaultTake = 11_796;

    /// <summary>Payments by coldkey, the owner's last, zeros left out. Their sum is <c>Mining + Validating</c>.</summary>
    public static ImmutableArray<Nomination> Split(HotkeyEarnings earnings, ImmutableArray<Nomination> stakes)
    {
        ArgumentNullException.ThrowIfNull(earnings);
        var total = stakes.Aggregate(UInt128.Zero, static (sum, s) => sum + s.Stake);
        var rest = earnings.Validating - Taken(earnings.Take, earnings.Validating);
        var (payments, owners) = (ImmutableArray.CreateBuilder<Nomination>(), checked(earnings.Mining + earnings.Validating));
        foreach (var (coldkey, stake) in stakes)
        {
            var part = !earnings.IsDelegate || total == 0 ? 0 : Part(stake, total, rest);
            if (coldkey == earnings.Owner || part == 0)
            {
                continue;
            }

            payments.Add(new Nomination(coldkey, part));
            owners -= part;
        }

        if (owners > 0)
        {
            payments.Add(new Nomination(earnings.Owner, owners));
        }

        return payments.DrainToImmutable();
    }

    /// <summary>The take of what was validated, rounded down: floor(validating · floor(take·2⁶⁴/65535) / 2⁶⁴).</summary>
    public static ulong Taken(ushort take, ulong validating) =>
        take == ushort.MaxValue ? validating : (ulong)(((UInt128)validating * (((UInt128)take << 64) / ushort.MaxValue)) >> 64);

    /// <summary>The part of a stake: floor(floor(stake·2⁶⁴/total)·rest/2⁶⁴); all of it for all of the stake.</summary>
    public static ulong Part(ulong stake, UInt128 total, ulong rest) => (ulong)((((UInt128)stake << 64) / total * rest) >> 64);
}

/// <summary>How a delegate may change its take. Source: subtensor e6683abcd (v1.1.7) <c>increase_take, decrease_take</c>.</summary>
/// <param name="Max">Highest take, of 65535.</param>
/// <param name="RaiseInterval">Time between two raises: 216,000 blocks of 12 s are 30 days.</param>
/// <param name="Unit">In what time is counted.</param>
public sealed record TakeRules(ushort Max = DelegationPayout.DefaultTake, ulong RaiseInterval = 216_000, string Unit = "blocks")
{
    /// <summary>The new take, or <c>staking.take_too_high</c>, <c>staking.take_raised_recently</c>, <c>staking.take_unchanged</c>.</summary>
    /// <param name="current">Of 65535.</param>
    /// <param name="wanted">Of 65535.</param>
    /// <param name="lastRaise">When it was raised last; null for never.</param>
    /// <param name="now">Now.</param>
    public Result<ushort> Change(ushort current, ushort wanted, ulong? lastRaise, ulong now)
    {
        var passed = lastRaise is { } last && now > last ? now - last : lastRaise is null ? ulong.MaxValue : 0;
        return wanted == current ? Refusal.Of("staking.take_unchanged", $"the take is {current}/65535 already", ("take", current))
            : wanted > Max ? Refusal.Of("staking.take_too_high", $"take {wanted}/65535; at most {Max}", ("take", wanted), ("max", Max))
            : wanted > current && passed < RaiseInterval ? Refusal.Of("staking.take_raised_recently", $"raised {passed} {Unit} ago; wait {RaiseInterval - passed} more", ("passed", passed), ("interval", RaiseInterval))
            : wanted;
    }
}
