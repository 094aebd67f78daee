namespace DepinGrains.Domain.Subnets.Registration;

/// <summary>
/// The rule of 2024: every <paramref name="Interval"/> blocks the price moves toward price·(registrations + target)/(2·target), slowed by alpha.
/// It rises above the target, stays from 1 to the target, falls only at 0.
/// Source: subtensor a13316c42 <c>block_step.rs:340 adjust_registration_terms</c>; <c>registration_vectors.json</c>.
/// </summary>
/// <param name="Interval">Blocks between adjustments, at least 1.</param>
/// <param name="Target">Registrations wanted per interval, at least 1.</param>
/// <param name="Alpha">Share of the old price kept, of 2⁶⁴ − 1.</param>
/// <param name="MinBurn">Rao.</param>
/// <param name="MaxBurn">Rao.</param>
public sealed record IntervalPricing(ulong Interval = 360, int Target = 1, ulong Alpha = 17_893_341_751_498_265_066, ulong MinBurn = 1, ulong MaxBurn = 100_000_000_000) : IRegistrationPricing
{
    /// <summary>Fraction bits of the chain's I110F18.</summary>
    private const int Fraction = 18;

    /// <inheritdoc/>
    public RegistrationPrice At(RegistrationPrice price, ulong block)
    {
        ArgumentNullException.ThrowIfNull(price);
        while (block >= price.Block && block - price.Block >= Interval)
        {
            var next = Adjust(price.Burn, price.Registrations, Target, Alpha, MinBurn, MaxBurn);
            if (price.Registrations == 0 && next == price.Burn)
            {
                // At the floor nothing moves any more: the rest of the intervals are one step.
                return new RegistrationPrice(next, block - ((block - price.Block) % Interval), 0);
            }

            price = new RegistrationPrice(next, price.Block + Interval, 0);
        }

        return price;
    }

    /// <inheritdoc/>
    public RegistrationPrice Registered(RegistrationPrice price, ulong block)
    {
        var now = At(price, block);
        return now with { Registrations = now.Registrations + 1 };
    }

    /// <summary>Which terms an interval moves: the kind of registration that dominated pays more, or the other one less. Proof of work is not offered, but the vectors have it.</summary>
    public static (ulong Burn, ulong Difficulty) AdjustBoth(IntervalCounts counts, ulong burn, ulong difficulty, IntervalPricing terms, ulong minDifficulty, ulong maxDifficulty)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentNullException.ThrowIfNull(terms);
        var total = counts.Burns + counts.Works;
        var over = total > terms.Target;
        var movesBurn = counts.Burns == counts.Works || (over ? counts.Burns > counts.Works : counts.Works > counts.Burns);
        var movesDifficulty = counts.Burns == counts.Works || !movesBurn;
        return (
            movesBurn ? Adjust(burn, total, terms.Target, terms.Alpha, terms.MinBurn, terms.MaxBurn) : burn,
            movesDifficulty ? Adjust(difficulty, total, terms.Target, terms.Alpha, minDifficulty, maxDifficulty) : difficulty);
    }

    /// <summary>alpha·current + (1 − alpha)·current·(registrations + target)/(2·target), each product and quotient truncated at 2⁻¹⁸, clamped, floored.</summary>
    public static ulong Adjust(ulong current, int registrations, int target, ulong alpha, ulong min, ulong max)
    {
        var kept = ((UInt128)alpha << Fraction) / ulong.MaxValue;
        var moved = (((UInt128)current * (uint)(registrations + target)) << Fraction) / (uint)(2 * target);
        var next = ((kept * ((UInt128)current << Fraction)) >> Fraction) + (((((UInt128)1 << Fraction) - kept) * moved) >> Fraction);
        var floor = next >> Fraction;
        return floor >= max ? max : floor <= min ? min : (ulong)floor;
    }
}

/// <summary>Registrations of an interval.</summary>
/// <param name="Burns">By recycling.</param>
/// <param name="Works">By proof of work.</param>
public sealed record IntervalCounts(int Burns, int Works);
