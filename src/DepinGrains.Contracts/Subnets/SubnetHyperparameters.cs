namespace DepinGrains.Contracts.Subnets;

/// <summary>How the price of a uid moves.</summary>
[GenerateSerializer]
public enum PricingRule
{
    /// <summary>2024: adjusted every interval toward a target of registrations, with caps per block and interval.</summary>
    Interval = 0,

    /// <summary>2026: falls a little each block, rises with each registration; no windows.</summary>
    Continuous = 1,
}

/// <summary>Whose rule chooses the uid a newcomer replaces in a full subnet.</summary>
[GenerateSerializer]
public enum PruningRule
{
    /// <summary>April 2024.</summary>
    Early2024 = 0,

    /// <summary>From August 2024.</summary>
    Late2024 = 1,

    /// <summary>From October 2025: by emission; may find nobody.</summary>
    Since2025 = 2,
}

/// <summary>
/// What a subnet's owner sets. Names and defaults are those of the chain for a new subnet in 2024 (subtensor a13316c42 <c>root.rs:760</c>) unless said. Blocks are of 12 s, amounts rao,
/// u16 values stand for value/65535. In the API and CLI the names are snake case: <c>immunity_period</c>.
/// </summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.hyperparameters.v1")]
public sealed record SubnetHyperparameters
{
    /// <summary>Blocks between epochs, less one; 0: epochs never run.</summary>
    [Id(0)] public ushort Tempo { get; init; } = 360;

    /// <summary>Most uids, 1…4,096.</summary>
    [Id(1)] public int MaxAllowedUids { get; init; } = 256;

    /// <summary>Validator permits per epoch.</summary>
    [Id(2)] public int MaxValidators { get; init; } = 64;

    /// <summary>Blocks a newcomer is safe from pruning and from the sweep.</summary>
    [Id(3)] public long ImmunityPeriod { get; init; } = 5_000;

    /// <summary>Majority of stake a weight needs, of 65535.</summary>
    [Id(4)] public ushort Kappa { get; init; } = 32_767;

    /// <summary>Blocks after its last weights at which a validator stops counting.</summary>
    [Id(5)] public long ActivityCutoff { get; init; } = 5_000;

    /// <summary>Share of old bonds kept per epoch, millionths.</summary>
    [Id(6)] public long BondsMovingAvg { get; init; } = 900_000;

    /// <summary>1 or 3.</summary>
    [Id(7)] public int YumaVersion { get; init; } = 1;

    /// <summary>Yuma 3: whether bonds move faster where a validator stands far from consensus.</summary>
    [Id(8)] public bool LiquidAlphaEnabled { get; init; }

    /// <summary>Slowest share of liquid alpha, of 65535.</summary>
    [Id(9)] public ushort AlphaLow { get; init; } = 45_875;

    /// <summary>Fastest share of liquid alpha, of 65535.</summary>
    [Id(10)] public ushort AlphaHigh { get; init; } = 58_982;

    /// <summary>Least weights a validator sets.</summary>
    [Id(11)] public int MinAllowedWeights { get; init; } = 1;

    /// <summary>Largest share of the sum one weight may take, of 65535.</summary>
    [Id(12)] public ushort MaxWeightsLimit { get; init; } = 65_535;

    /// <summary>Blocks between two settings of weights by one hotkey.</summary>
    [Id(13)] public long WeightsRateLimit { get; init; } = 100;

    /// <summary>Least version of validators' code; 0: any.</summary>
    [Id(14)] public ulong WeightsVersion { get; init; }

    /// <summary>Least stake to set weights, rao.</summary>
    [Id(15)] public long MinStake { get; init; }

    /// <summary>Whether weights must be committed first and revealed later.</summary>
    [Id(16)] public bool CommitRevealWeights { get; init; }

    /// <summary>Epochs between commit and reveal.</summary>
    [Id(17)] public int CommitRevealPeriod { get; init; } = 1;

    /// <summary>Whether newcomers may register.</summary>
    [Id(18)] public bool RegistrationAllowed { get; init; } = true;

    /// <summary>How the price moves.</summary>
    [Id(19)] public PricingRule Pricing { get; init; } = PricingRule.Interval;

    /// <summary>Blocks between two adjustments (interval rule).</summary>
    [Id(20)] public long AdjustmentInterval { get; init; } = 360;

    /// <summary>Registrations wanted per interval; three times as many are the most (interval rule).</summary>
    [Id(21)] public int TargetRegsPerInterval { get; init; } = 1;

    /// <summary>Share of the old price kept per adjustment, of 2⁶⁴ − 1 (interval rule).</summary>
    [Id(22)] public ulong AdjustmentAlpha { get; init; } = 17_893_341_751_498_265_066;

    /// <summary>Most registrations in one block.</summary>
    [Id(23)] public int MaxRegsPerBlock { get; init; } = 1;

    /// <summary>Least price, rao.</summary>
    [Id(24)] public long MinBurn { get; init; } = 1;

    /// <summary>Highest price, rao.</summary>
    [Id(25)] public long MaxBurn { get; init; } = 100_000_000_000;

    /// <summary>Blocks in which an unpaid price halves (continuous rule).</summary>
    [Id(26)] public int BurnHalfLife { get; init; } = 360;

    /// <summary>Factor of the price at each registration, millionths (continuous rule).</summary>
    [Id(27)] public long BurnIncrease { get; init; } = 1_260_000;

    /// <summary>Who is replaced in a full subnet. (Default: the fairer rule of August 2024.)</summary>
    [Id(28)] public PruningRule Pruning { get; init; } = PruningRule.Late2024;

    /// <summary>Uids out of immunity that must remain (rule of 2025).</summary>
    [Id(29)] public int MinNonImmuneUids { get; init; }

    /// <summary>The owner's part of emission, of 65535: 18 %.</summary>
    [Id(30)] public ushort OwnerCut { get; init; } = 11_796;

    /// <summary>Blocks between two announcements of one axon.</summary>
    [Id(31)] public long ServingRateLimit { get; init; } = 50;

    /// <summary>Pruning score below which a uid counts as weak, of 65535; 0: the periodic sweep is off.</summary>
    [Id(32)] public ushort SweepBar { get; init; }

    /// <summary>Consecutive weak epochs after which the sweep deregisters.</summary>
    [Id(33)] public int SweepWindow { get; init; } = 20;

    /// <summary>Uids the sweep leaves.</summary>
    [Id(34)] public int SweepMinSurvivors { get; init; } = 16;

    /// <summary>Least milli-CPU of a miner's node; 0: no requirement.</summary>
    [Id(35)] public long MinCpuMilli { get; init; }

    /// <summary>Least memory of a miner's node, bytes.</summary>
    [Id(36)] public long MinMemoryBytes { get; init; }

    /// <summary>Least graphics cards of a miner's node.</summary>
    [Id(37)] public int MinGpus { get; init; }

    /// <summary>Least memory of each of those cards, bytes.</summary>
    [Id(38)] public long MinGpuMemoryBytes { get; init; }

    /// <summary>Blocks of work of the benchmark that a registering node must do, 1 MiB and about a hundredth of a second each on a core of 2024; 0: no benchmark.</summary>
    [Id(39)] public int BenchmarkWork { get; init; }

    /// <summary>Milliseconds within which a node with no more than the least CPU asked for must answer the benchmark; each doubling takes a third off.</summary>
    [Id(40)] public int BenchmarkTimeMs { get; init; } = 10_000;

    /// <summary>How much of a weight above consensus is lost to bonds, of 65535: bonds are made of (1 − β)·weight + β·clipped weight. (Default: the rule of 2024, all of it.)</summary>
    [Id(41)] public ushort BondsPenalty { get; init; } = 65_535;

    /// <summary>Steepness of liquid alpha's sigmoid between <see cref="AlphaLow"/> and <see cref="AlphaHigh"/>, hundredths.</summary>
    [Id(42)] public int AlphaSigmoidSteepness { get; init; } = 1_000;
}
