using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Escrow;

/// <summary>A tenant's standing order: keep a deployment funded.</summary>
/// <param name="BelowBlocks">Deposits when fewer blocks than this are funded.</param>
/// <param name="ToBlocks">Deposits enough for this many blocks from then.</param>
/// <param name="AmountMin">Never less than this at once, minor units.</param>
/// <param name="CapPerPeriod">Most in one period, minor units.</param>
/// <param name="PeriodSeconds">Length of a period; the first begins when the order is given.</param>
/// <param name="From">Which money.</param>
[GenerateSerializer, Immutable, Alias("depin.escrow.auto_top_up.v1")]
public sealed record AutoTopUp(
    [property: Id(0)] long BelowBlocks,
    [property: Id(1)] long ToBlocks,
    [property: Id(2)] long AmountMin,
    [property: Id(3)] long CapPerPeriod,
    [property: Id(4)] long PeriodSeconds,
    [property: Id(5)] DepositFrom From);

/// <summary>What is due. <paramref name="NextCheckHeight"/>: null when nothing streams.</summary>
[GenerateSerializer, Immutable, Alias("depin.escrow.top_up_due.v1")]
public readonly record struct TopUpDue([property: Id(0)] long Amount, [property: Id(1)] long? NextCheckHeight);

/// <summary>A standing order and what became of it.</summary>
/// <param name="SpentInPeriod">Minor units deposited since <paramref name="PeriodStartedAt"/>.</param>
/// <param name="Count">Deposits tried so far.</param>
/// <param name="Problem">Why the last one was refused, if it was.</param>
[GenerateSerializer, Immutable, Alias("depin.escrow.auto_top_up_view.v1")]
public sealed record AutoTopUpView(
    [property: Id(0)] AutoTopUp? Rule,
    [property: Id(1)] DateTimeOffset? PeriodStartedAt,
    [property: Id(2)] long SpentInPeriod,
    [property: Id(3)] int Count,
    [property: Id(4)] Refusal? Problem);
