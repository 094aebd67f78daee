namespace DepinGrains.Domain.Subnets.Registration;

/// <summary>
/// The rule of 2026: the price falls a little each block, halving in <paramref name="HalfLife"/> blocks, and each registration multiplies it at once. No windows, no caps, nobody waits.
/// Source: subtensor 14bc6f9f9 (PR #2382); <c>registration_vectors.json</c> <c>burn_2026</c>.
/// </summary>
/// <param name="HalfLife">Blocks, at least 1.</param>
/// <param name="IncreaseMillionths">Factor of a registration, millionths (1,260,000 = 1.26).</param>
/// <param name="MinBurn">Rao.</param>
/// <param name="MaxBurn">Rao.</param>
public sealed record ContinuousPricing(int HalfLife = 360, long IncreaseMillionths = 1_260_000, ulong MinBurn = 500_000, ulong MaxBurn = 100_000_000_000) : IRegistrationPricing
{
    private readonly ulong _factor = FactorOf(HalfLife);

    /// <inheritdoc/>
    public RegistrationPrice At(RegistrationPrice price, ulong block)
    {
        ArgumentNullException.ThrowIfNull(price);
        if (block <= price.Block)
        {
            return price;
        }

        // One step a block, as the truncation of each counts; at the floor the rest are one step.
        var burn = price.Burn;
        for (var at = price.Block; at < block; at++)
        {
            burn = Math.Clamp((ulong)(((UInt128)burn * _factor) >> 32), MinBurn, MaxBurn);
            if (burn == MinBurn)
            {
                break;
            }
        }

        return new RegistrationPrice(burn, block, 0);
    }

    /// <inheritdoc/>
    public RegistrationPrice Registered(RegistrationPrice price, ulong block)
    {
        var now = At(price, block);
        var raised = (UInt128)now.Burn * (ulong)IncreaseMillionths / 1_000_000;
        return now with { Burn = (ulong)UInt128.Clamp(raised, MinBurn, MaxBurn) };
    }

    /// <summary>The largest Q32 factor whose <paramref name="halfLife"/>-th power, truncated at each product, is at most one half.</summary>
    public static ulong FactorOf(int halfLife)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(halfLife, 1);
        var (low, high) = (0UL, 1UL << 32);
        while (low + 1 < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Power(middle, halfLife) <= 1UL << 31 ? (middle, high) : (low, middle);
        }

        return low;
    }

    private static ulong Power(ulong factor, int exponent)
    {
        var result = 1UL << 32;
        for (; exponent > 0; exponent >>= 1)
        {
            result = (exponent & 1) == 0 ? result : (ulong)(((UInt128)result * factor) >> 32);
            factor = (ulong)(((UInt128)factor * factor) >> 32);
        }

        return result;
    }
}
