using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Grains.Subnets;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>What all gateways saw of a uid's owner.</summary>
/// <param name="RegisteredAt">Block of the registration these figures are of.</param>
/// <param name="Day">The last 24 hours and the hour under way.</param>
/// <param name="Total">Since registration.</param>
/// <param name="LastFailure">Why it last failed, in one word: timeout, connect, broken, garbage, status, …</param>
/// <param name="ReportedAt">When a gateway last told something.</param>
public sealed record MinerView(int Netuid, int Uid, string Hotkey, long RegisteredAt, MinerPeriodView Day, MinerPeriodView Total, string? LastFailure, DateTimeOffset? LastFailureAt, DateTimeOffset ReportedAt)
{
    internal static MinerView Of(MinerServingRow row, DateTimeOffset now) => new(
        row.Netuid, row.Uid, row.Hotkey, row.RegisteredAt, MinerPeriodView.Of(row.Figures.Day(MinerServingRow.HourOf(now))), MinerPeriodView.Of(row.Figures.Total), row.LastFailure, row.LastFailureAt, row.ReportedAt);
}

/// <summary>Tries with a miner in some time.</summary>
/// <param name="Requests">Tries; callers who left are in none of the next three.</param>
/// <param name="Answers">Whole answers.</param>
/// <param name="Failures">Tries without an answer, or broken off.</param>
/// <param name="Busy">Tries it sent elsewhere because it was full.</param>
/// <param name="PromptTokens">Counted tokens of answered prompts.</param>
/// <param name="CompletionTokens">Counted tokens of answers.</param>
/// <param name="FirstTokenMilliseconds">Mean time to the first token; null without answers.</param>
/// <param name="FirstTokenP50">Half of the answers began within so many milliseconds, rounded up to 25·2ⁱ; null without answers or beyond 51,200.</param>
/// <param name="FirstTokenP95">The same of 95 in 100.</param>
public sealed record MinerPeriodView(
    long Requests, long Answers, long Failures, long Busy, long PromptTokens, long CompletionTokens, double? FirstTokenMilliseconds, long? FirstTokenP50, long? FirstTokenP95)
{
    internal static MinerPeriodView Of(MinerTally t) => new(
        t.Requests, t.Answers, t.Failures, t.Busy, t.PromptTokens, t.CompletionTokens, t.Answers == 0 ? null : Math.Round(t.FirstTokenMicros / 1_000.0 / t.Answers, 1), t.FirstTokenMs(50), t.FirstTokenMs(95));
}
