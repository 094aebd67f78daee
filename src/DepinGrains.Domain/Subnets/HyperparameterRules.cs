using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Registration;

namespace DepinGrains.Domain.Subnets;

/// <summary>Hyperparameters as the rules take them.</summary>
public static class HyperparameterRules
{
    /// <summary>How the price moves.</summary>
    public static IRegistrationPricing PricingOf(this SubnetHyperparameters h)
    {
        ArgumentNullException.ThrowIfNull(h);
        return h.Pricing == PricingRule.Interval
            ? new IntervalPricing((ulong)h.AdjustmentInterval, h.TargetRegsPerInterval, h.AdjustmentAlpha, (ulong)h.MinBurn, (ulong)h.MaxBurn)
            : new ContinuousPricing(h.BurnHalfLife, h.BurnIncrease, (ulong)h.MinBurn, (ulong)h.MaxBurn);
    }

    /// <summary>Who makes room.</summary>
    public static Pruning PruningOf(this SubnetHyperparameters h)
    {
        ArgumentNullException.ThrowIfNull(h);
        return new Pruning((PruningEra)h.Pruning, (ulong)h.ImmunityPeriod, h.MinNonImmuneUids);
    }

    /// <summary>Who is swept.</summary>
    public static DeregistrationSweep SweepOf(this SubnetHyperparameters h)
    {
        ArgumentNullException.ThrowIfNull(h);
        return new DeregistrationSweep(h.SweepBar, h.SweepWindow, h.SweepMinSurvivors, (ulong)h.ImmunityPeriod);
    }

    /// <summary>What the epoch reads.</summary>
    public static EpochParameters EpochOf(this SubnetHyperparameters h)
    {
        ArgumentNullException.ThrowIfNull(h);
        var yuma3 = h.YumaVersion == 3;

        // A subnet may have been given more before they were bounded.
        var validators = Math.Min(h.MaxValidators, HyperparameterCatalog.ValidatorsMax);
        return new EpochParameters((ulong)h.ActivityCutoff, h.Kappa, h.BondsMovingAvg, validators)
        {
            Version = yuma3 ? YumaVersion.Yuma3 : YumaVersion.Yuma1,
            BondsPenalty = h.BondsPenalty,
            LiquidAlpha = yuma3 && h.LiquidAlphaEnabled ? new LiquidAlpha(I32F32.Proportion(h.AlphaLow), I32F32.Proportion(h.AlphaHigh), h.AlphaSigmoidSteepness) : null,
        };
    }
}
