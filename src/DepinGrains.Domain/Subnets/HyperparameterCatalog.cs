using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Subnets;

namespace DepinGrains.Domain.Subnets;

/// <summary>One hyperparameter: how its text is read, within which bounds, and when a change holds.</summary>
/// <param name="Name">Snake case, as <c>btcli</c> users know it.</param>
/// <param name="AtEpoch">Consensus reads it: a change holds from the epoch after the one under way on. Else at once.</param>
/// <param name="Range">What is allowed, for people.</param>
/// <param name="Read">Its value as text.</param>
/// <param name="Write">The set with another value; null when the text is none or out of range.</param>
public sealed record Hyperparameter(string Name, bool AtEpoch, string Range, Func<SubnetHyperparameters, string> Read, Func<SubnetHyperparameters, string, SubnetHyperparameters?> Write);

/// <summary>All hyperparameters. Names of subtensor a13316c42 <c>subnet_info.rs SubnetHyperparams</c> where the chain has them.</summary>
public static class HyperparameterCatalog
{
    /// <summary>
    /// Most validators of a subnet. Bonds are one row of the store, 4 bytes a validator and uid: with as many uids as there can be (4,096, whatever <c>max_allowed_uids</c> is lowered to later) that is 16.4 MB, within the
    /// 16 MiB a row may have. A subnet whose bonds could not be stored would never end its epoch.
    /// </summary>
    public const int ValidatorsMax = 1_000;

    private const long Blocks = 10_000_000;
    private const long Rao = 21_000_000_000_000_000;

    /// <summary>In the order shown.</summary>
    public static ImmutableArray<Hyperparameter> All { get; } =
    [
        Number("tempo", true, 0, ushort.MaxValue, static h => h.Tempo, static (h, v) => h with { Tempo = (ushort)v }),
        Number("kappa", true, 0, ushort.MaxValue, static h => h.Kappa, static (h, v) => h with { Kappa = (ushort)v }),
        Number("immunity_period", false, 0, Blocks, static h => h.ImmunityPeriod, static (h, v) => h with { ImmunityPeriod = v }),
        Number("max_allowed_uids", false, 1, Consensus.EpochInputs.UidsMax, static h => h.MaxAllowedUids, static (h, v) => h with { MaxAllowedUids = (int)v }),
        Number("max_validators", true, 1, ValidatorsMax, static h => h.MaxValidators, static (h, v) => h with { MaxValidators = (int)v }),
        Number("min_allowed_weights", false, 0, Consensus.EpochInputs.UidsMax, static h => h.MinAllowedWeights, static (h, v) => h with { MinAllowedWeights = (int)v }),
        Number("max_weights_limit", false, 1, ushort.MaxValue, static h => h.MaxWeightsLimit, static (h, v) => h with { MaxWeightsLimit = (ushort)v }),
        Number("weights_rate_limit", false, 0, Blocks, static h => h.WeightsRateLimit, static (h, v) => h with { WeightsRateLimit = v }),
        Wide("weights_version", static h => h.WeightsVersion, static (h, v) => h with { WeightsVersion = v }),
        Number("min_stake", false, 0, Rao, static h => h.MinStake, static (h, v) => h with { MinStake = v }),
        Flag("commit_reveal_weights", true, static h => h.CommitRevealWeights, static (h, v) => h with { CommitRevealWeights = v }),
        Number("commit_reveal_period", true, 1, 100, static h => h.CommitRevealPeriod, static (h, v) => h with { CommitRevealPeriod = (int)v }),
        Number("activity_cutoff", true, 1, Blocks, static h => h.ActivityCutoff, static (h, v) => h with { ActivityCutoff = v }),
        Number("bonds_moving_avg", true, 0, 1_000_000, static h => h.BondsMovingAvg, static (h, v) => h with { BondsMovingAvg = v }),
        Choice("yuma_version", true, ["1", "3"], static h => h.YumaVersion.ToString(CultureInfo.InvariantCulture), static (h, v) => h with { YumaVersion = v == "1" ? 1 : 3 }),
        Number("bonds_penalty", true, 0, ushort.MaxValue, static h => h.BondsPenalty, static (h, v) => h with { BondsPenalty = (ushort)v }),
        Flag("liquid_alpha_enabled", true, static h => h.LiquidAlphaEnabled, static (h, v) => h with { LiquidAlphaEnabled = v }),
        Number("alpha_low", true, 0, ushort.MaxValue, static h => h.AlphaLow, static (h, v) => h with { AlphaLow = (ushort)v }),
        Number("alpha_high", true, 0, ushort.MaxValue, static h => h.AlphaHigh, static (h, v) => h with { AlphaHigh = (ushort)v }),
        Number("alpha_sigmoid_steepness", true, 0, Consensus.LiquidAlpha.SteepnessMax, static h => h.AlphaSigmoidSteepness, static (h, v) => h with { AlphaSigmoidSteepness = (int)v }),
        Flag("registration_allowed", false, static h => h.RegistrationAllowed, static (h, v) => h with { RegistrationAllowed = v }),
        Choice("pricing", false, ["interval", "continuous"], static h => h.Pricing == PricingRule.Interval ? "interval" : "continuous", static (h, v) => h with { Pricing = v == "interval" ? PricingRule.Interval : PricingRule.Continuous }),
        Number("adjustment_interval", false, 1, Blocks, static h => h.AdjustmentInterval, static (h, v) => h with { AdjustmentInterval = v }),
        Wide("adjustment_alpha", static h => h.AdjustmentAlpha, static (h, v) => h with { AdjustmentAlpha = v }),
        Number("target_regs_per_interval", false, 1, Consensus.EpochInputs.UidsMax, static h => h.TargetRegsPerInterval, static (h, v) => h with { TargetRegsPerInterval = (int)v }),
        Number("max_regs_per_block", false, 1, Consensus.EpochInputs.UidsMax, static h => h.MaxRegsPerBlock, static (h, v) => h with { MaxRegsPerBlock = (int)v }),
        Number("min_burn", false, 1, Rao, static h => h.MinBurn, static (h, v) => h with { MinBurn = v }),
        Number("max_burn", false, 1, Rao, static h => h.MaxBurn, static (h, v) => h with { MaxBurn = v }),
        Number("burn_half_life", false, 1, Blocks, static h => h.BurnHalfLife, static (h, v) => h with { BurnHalfLife = (int)v }),
        Number("burn_increase", false, 1_000_000, 100_000_000, static h => h.BurnIncrease, static (h, v) => h with { BurnIncrease = v }),
        Choice("pruning", false, ["early_2024", "late_2024", "since_2025"], static h => h.Pruning switch { PruningRule.Early2024 => "early_2024", PruningRule.Late2024 => "late_2024", _ => "since_2025" }, static (h, v) => h with { Pruning = v == "early_2024" ? PruningRule.Early2024 : v == "late_2024" ? PruningRule.Late2024 : PruningRule.Since2025 }),
        Number("min_non_immune_uids", false, 0, Consensus.EpochInputs.UidsMax, static h => h.MinNonImmuneUids, static (h, v) => h with { MinNonImmuneUids = (int)v }),
        Number("owner_cut", true, 0, OwnerCutMax, static h => h.OwnerCut, static (h, v) => h with { OwnerCut = (ushort)v }),
        Number("serving_rate_limit", false, 0, Blocks, static h => h.ServingRateLimit, static (h, v) => h with { ServingRateLimit = v }),
        Number("sweep_bar", true, 0, ushort.MaxValue, static h => h.SweepBar, static (h, v) => h with { SweepBar = (ushort)v }),
        Number("sweep_window", true, 1, 100_000, static h => h.SweepWindow, static (h, v) => h with { SweepWindow = (int)v }),
        Number("sweep_min_survivors", true, 0, Consensus.EpochInputs.UidsMax, static h => h.SweepMinSurvivors, static (h, v) => h with { SweepMinSurvivors = (int)v }),
        Number("min_cpu_milli", false, 0, 10_000_000, static h => h.MinCpuMilli, static (h, v) => h with { MinCpuMilli = v }),
        Number("min_memory_bytes", false, 0, long.MaxValue, static h => h.MinMemoryBytes, static (h, v) => h with { MinMemoryBytes = v }),
        Number("min_gpus", false, 0, 1_024, static h => h.MinGpus, static (h, v) => h with { MinGpus = (int)v }),
        Number("min_gpu_memory_bytes", false, 0, long.MaxValue, static h => h.MinGpuMemoryBytes, static (h, v) => h with { MinGpuMemoryBytes = v }),
        Number("benchmark_work", false, 0, 4_096, static h => h.BenchmarkWork, static (h, v) => h with { BenchmarkWork = (int)v }),
        Number("benchmark_time_ms", false, 100, 600_000, static h => h.BenchmarkTimeMs, static (h, v) => h with { BenchmarkTimeMs = (int)v }),
    ];

    /// <summary>The most an owner may take, of 65535: the default, 18 %.</summary>
    private const long OwnerCutMax = Shares.OwnerCut.Default;

    /// <summary>The one with this name, or null.</summary>
    public static Hyperparameter? Find(string? name) => All.FirstOrDefault(p => p.Name == name);

    /// <summary>The set with one value changed. <c>hyperparameter.unknown</c>, <c>hyperparameter.invalid</c> with the range.</summary>
    public static Result<SubnetHyperparameters> Set(SubnetHyperparameters from, string name, string value)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (Find(name) is not { } parameter)
        {
            return Refusal.Of("hyperparameter.unknown", $"there is no hyperparameter {name}", ("name", name));
        }

        var next = value is { Length: <= 32 } ? parameter.Write(from, value) : null;
        return next is null ? Refusal.Of("hyperparameter.invalid", $"{name} is {parameter.Range}", ("name", name), ("range", parameter.Range))
            : next.MinBurn > next.MaxBurn ? Refusal.Of("hyperparameter.invalid", $"min_burn {next.MinBurn} is above max_burn {next.MaxBurn}", ("name", name), ("minBurn", next.MinBurn), ("maxBurn", next.MaxBurn))
            : next.AlphaLow > next.AlphaHigh ? Refusal.Of("hyperparameter.invalid", $"alpha_low {next.AlphaLow} is above alpha_high {next.AlphaHigh}", ("name", name), ("alphaLow", next.AlphaLow), ("alphaHigh", next.AlphaHigh))
            : next;
    }

    private static Hyperparameter Number(string name, bool atEpoch, long min, long max, Func<SubnetHyperparameters, long> read, Func<SubnetHyperparameters, long, SubnetHyperparameters> write) => new(
        name,
        atEpoch,
        string.Create(CultureInfo.InvariantCulture, $"a whole number, {min} to {max}"),
        h => read(h).ToString(CultureInfo.InvariantCulture),
        (h, text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max ? write(h, value) : null);

    private static Hyperparameter Wide(string name, Func<SubnetHyperparameters, ulong> read, Func<SubnetHyperparameters, ulong, SubnetHyperparameters> write) => new(
        name,
        false,
        string.Create(CultureInfo.InvariantCulture, $"a whole number, 0 to {ulong.MaxValue}"),
        h => read(h).ToString(CultureInfo.InvariantCulture),
        (h, text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? write(h, value) : null);

    private static Hyperparameter Flag(string name, bool atEpoch, Func<SubnetHyperparameters, bool> read, Func<SubnetHyperparameters, bool, SubnetHyperparameters> write) =>
        Choice(name, atEpoch, ["true", "false"], h => read(h) ? "true" : "false", (h, text) => write(h, text == "true"));

    private static Hyperparameter Choice(string name, bool atEpoch, ImmutableArray<string> values, Func<SubnetHyperparameters, string> read, Func<SubnetHyperparameters, string, SubnetHyperparameters> write) =>
        new(name, atEpoch, string.Join(" or ", values), read, (h, text) => values.Contains(text) ? write(h, text) : null);
}
