using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Network;

/// <summary>One parameter of the network: a whole number in a named unit within bounds.</summary>
/// <param name="Name">Lower case words joined by dots.</param>
/// <param name="PerDenom">Set as <c>name.denom</c>, e.g. <c>take_fee.uakt</c>; <c>name.default</c> holds for every token without one of its own.</param>
/// <param name="Unit">What the number counts.</param>
/// <param name="Default">Holds while nobody has set it.</param>
public sealed record ParameterDefinition(string Name, bool PerDenom, string Unit, long Min, long Max, long Default, string Summary);

/// <summary>Every parameter there is, and how its name, value and time are checked.</summary>
public static class NetworkParameterCatalog
{
    public const string TakeFee = "take_fee";
    public const string MinDeposit = "deployment.min_deposit";
    public const string OthersMinDeposit = "deployment.others_min_deposit";
    public const string BidDeposit = "bid.deposit";
    public const string OracleStaleness = "oracle.staleness_seconds";
    public const string OracleFeedersMin = "oracle.feeders_min";
    public const string OracleMoveMax = "oracle.move_max_bps";
    public const string OracleGuardWindow = "oracle.guard_window_seconds";
    public const string ActSpread = "act.spread_bps";
    public const string ActMin = "act.min_amount";
    public const string ActDayMax = "act.mint_day_max";
    public const string ActHaltCollateral = "act.halt_collateral_bps";
    public const string MarketPaused = "market.paused";
    public const string PoolApprovals = "pool.approvals_min";
    public const string PoolDelay = "pool.delay_seconds";
    public const string PoolLifetime = "pool.proposal_seconds";
    public const string InferencePrompt = "inference.prompt_price";
    public const string InferenceCompletion = "inference.completion_price";
    public const string InferenceImage = "inference.image_price";
    public const string InferenceFee = "inference.fee_bps";

    public const string StakeMin = "staking.min_stake";
    public const string StakeHotkeyMax = "staking.hotkey_max";
    public const string StakeUnbonding = "staking.unbonding_seconds";
    public const string StakeHold = "staking.hold_seconds";
    public const string TakeDefault = "staking.take_default";
    public const string TakeMax = "staking.take_max";
    public const string TakeRaise = "staking.take_raise_seconds";
    public const string InflationRate = "inflation.rate_millionths";
    public const string InflationTax = "inflation.community_tax_millionths";
    public const string EmissionLatch = "emission.latch";

    /// <summary>Suffix for every token without a value of its own.</summary>
    public const string AnyDenom = "default";

    private const int DenomLengthMax = 32;

    /// <summary>
    /// All definitions by name. TAO's staking: nominators' least 0.1 TAO, take 18 %, raised once in 30 days (subtensor v1.1.7); held for one tempo of 361 blocks. AKT's: x/staking unbonding 21 days,
    /// commission of 5 % changed once a day, x/distribution tax 2 %, inflation 14 % a year. Akash: take fee AEP-23/24 (4 % AKT, 20 % else), deposits params.json, collateral halt of its burn-mint module 90 %.
    /// </summary>
    public static ImmutableArray<ParameterDefinition> All { get; } =
    [
        new(TakeFee, true, "basis points", 0, 10_000, 2_000, "share of every payout that goes to the community pool; credit pays like the token it was minted from"),
        new(MinDeposit, true, "minor units", 1, 1_000_000_000_000_000, 500_000, "least escrow deposit of a deployment"),
        new(OthersMinDeposit, true, "minor units", 1, 1_000_000_000_000_000, 10_000, "least that somebody else may pay into a deployment's escrow"),
        new(BidDeposit, true, "minor units", 0, 1_000_000_000_000_000, 500_000, "what a bid holds back"),
        new(OracleStaleness, false, "seconds", 10, 604_800, 3_600, "how long a posted price counts"),
        new(OracleFeedersMin, false, "feeders", 1, 64, 1, "fresh feeders a price needs"),
        new(OracleMoveMax, false, "basis points", 100, 1_000_000, 2_000, "largest change of a price between posts that is believed at once"),
        new(OracleGuardWindow, false, "seconds", 0, 604_800, 3_600, "how long a larger change keeps a price out of force before it is believed after all"),
        new(ActSpread, true, "basis points", 0, 5_000, 50, "what the network keeps of a conversion, each way"),
        new(ActMin, true, "minor units", 1, 1_000_000_000_000_000, 10_000, "least amount given in a conversion"),
        new(ActDayMax, true, "minor units of ACT", 0, 1_000_000_000_000_000_000, 1_000_000_000_000, "most ACT minted from a token in one UTC day"),
        new(ActHaltCollateral, false, "basis points", 0, 10_000, 9_000, "below this worth of what was burned over ACT outstanding no more is minted"),
        new(MarketPaused, false, "0 or 1", 0, 1, 0, "1: new deployments are refused; what is open, runs or is listed anew goes on"),
        new(PoolApprovals, false, "operators", 1, 100, 1, "operators who must approve a proposal, its author included"),
        new(PoolDelay, false, "seconds", 0, 2_592_000, 60, "time between approval and execution, in which it can be cancelled"),
        new(PoolLifetime, false, "seconds", 60, 31_536_000, 604_800, "how long a proposal waits for approvals"),
        new(InferencePrompt, true, "minor units per million counted tokens", 0, 1_000_000_000_000_000, 500_000, "price of prompts sent to subnets"),
        new(InferenceCompletion, true, "minor units per million counted tokens", 0, 1_000_000_000_000_000, 1_500_000, "price of what subnets answer"),
        new(InferenceImage, true, "minor units per image", 0, 1_000_000_000_000_000, 100_000, "price of an image a subnet generates"),
        new(InferenceFee, false, "basis points", 0, 10_000, 500, "share of payments for inference that goes to the community pool"),
        new(StakeMin, true, "minor units", 1, 1_000_000_000_000_000, 1, "least stake of a delegator on one hotkey"),
        new(StakeHotkeyMax, true, "minor units", 0, 1_000_000_000_000_000_000, 0, "most stake one hotkey takes in; 0 = any"),
        new(StakeUnbonding, true, "seconds", 0, 31_536_000, 0, "how long stake is on its way out"),
        new(StakeHold, true, "seconds", 0, 31_536_000, 0, "how long stake stays where it was added before it can leave, so that it cannot hop from one epoch to the next"),
        new(TakeDefault, true, "of 65535", 0, 65_535, 11_796, "a delegate's take while its owner has not set another"),
        new(TakeMax, true, "of 65535", 0, 65_535, 11_796, "highest take"),
        new(TakeRaise, true, "seconds", 0, 31_536_000, 2_592_000, "time between two raises of a take"),
        new(InflationRate, true, "millionths", 0, 1_000_000, 0, "of the supply minted for stakers in a year"),
        new(InflationTax, true, "millionths", 0, 1_000_000, 20_000, "of that for the community pool"),
        new(EmissionLatch, false, "0 or 1", 0, 1, 0, "1: a halving once reached stays, even when recycling takes issuance below its threshold again; 0: emission follows issuance alone, as on the chain"),
    ];

    private static readonly ImmutableDictionary<string, long> DenomDefaults =
        ImmutableDictionary<string, long>.Empty.Add(TakeFee + ".uakt", 400).Add(TakeFee + ".uusdc", 2_000).Add(ActSpread + ".uusdc", 0)
            .Add(StakeMin + ".rao", 100_000_000).Add(StakeHold + ".rao", 4_332).Add(StakeUnbonding + ".uakt", 1_814_400)
            .Add(TakeDefault + ".uakt", 3_277).Add(TakeMax + ".uakt", 65_535).Add(TakeRaise + ".uakt", 86_400).Add(InflationRate + ".uakt", 140_000);

    /// <summary>The definition behind a full name (<c>take_fee.uakt</c>), or null.</summary>
    public static ParameterDefinition? Find(string? name)
    {
        if (name is null)
        {
            return null;
        }

        foreach (var definition in All)
        {
            if (!definition.PerDenom ? name == definition.Name : name.StartsWith(definition.Name + ".", StringComparison.Ordinal) && IsDenom(name.AsSpan(definition.Name.Length + 1)))
            {
                return definition;
            }
        }

        return null;
    }

    /// <summary>What holds while a full name was never set; null when the name is for one token and only <c>.default</c> has a value.</summary>
    public static long? DefaultOf(string name) =>
        DenomDefaults.TryGetValue(name, out var value) ? value : Find(name) is { } d && (!d.PerDenom || name.EndsWith("." + AnyDenom, StringComparison.Ordinal)) ? d.Default : null;

    /// <summary>Null, or <c>parameter.unknown</c>, <c>parameter.out_of_range</c>, <c>parameter.time_past</c>.</summary>
    /// <param name="effectiveAt">When it shall hold from; null = as soon as possible.</param>
    public static Refusal? WhyNot(string? name, long value, DateTimeOffset? effectiveAt, DateTimeOffset now)
    {
        if (Find(name) is not { } definition)
        {
            return Refusal.Of("parameter.unknown", "there is no parameter of that name", ("known", string.Join(' ', All.Select(static d => d.PerDenom ? d.Name + ".DENOM" : d.Name))));
        }

        if (value < definition.Min || value > definition.Max)
        {
            return Refusal.Of(
                "parameter.out_of_range",
                $"{name} is {definition.Min} to {definition.Max} {definition.Unit}, not {value}",
                ("name", name),
                ("value", value),
                ("min", definition.Min),
                ("max", definition.Max));
        }

        return effectiveAt is { } at && at < now
            ? Refusal.Of("parameter.time_past", $"a parameter cannot change before now ({now:O}): {at:O}", ("effectiveAt", at.ToString("O")), ("now", now.ToString("O")))
            : null;
    }

    private static bool IsDenom(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > DenomLengthMax || !char.IsAsciiLetterLower(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c))
            {
                return false;
            }
        }

        return true;
    }
}
