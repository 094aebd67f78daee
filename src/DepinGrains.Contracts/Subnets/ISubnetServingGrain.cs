using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Subnets;

/// <summary>
/// What all gateways saw of one subnet's miners, summed and durable. Key = netuid. Consensus knows nothing of it: it is for people, and for validators who want to see how a miner served others. A gateway reports now
/// and then; one that dies loses what it had not reported.
/// </summary>
[Alias("depin.subnet.serving.grain")]
public interface ISubnetServingGrain : IGrainWithIntegerKey
{
    /// <summary>Adds what a gateway counted, once per operation id; sent again it answers alike. Reports of somebody who had the uid before are dropped. <c>serving.report_invalid</c>.</summary>
    [Alias("report")]
    Task<Result<MinersReported>> ReportAsync(string operationId, ImmutableArray<MinerReport> reports);
}

/// <summary>Tries with one miner in some time, as gateways counted them.</summary>
/// <param name="Requests">Tries, however they ended; callers who left are in none of the next three.</param>
/// <param name="Answers">Whole answers.</param>
/// <param name="Failures">Tries without an answer, or broken off.</param>
/// <param name="Busy">Tries it sent elsewhere because it was full.</param>
/// <param name="PromptTokens">Counted tokens billed of prompts.</param>
/// <param name="CompletionTokens">Counted tokens billed of answers.</param>
/// <param name="FirstTokenMicros">Sum over answers of the time to the first token.</param>
/// <param name="FirstTokens">Answers by that time: index i counts those below 25·2ⁱ ms, the last all others.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.miner_tally.v1")]
public sealed record MinerTally(
    [property: Id(0)] long Requests,
    [property: Id(1)] long Answers,
    [property: Id(2)] long Failures,
    [property: Id(3)] long Busy,
    [property: Id(4)] long PromptTokens,
    [property: Id(5)] long CompletionTokens,
    [property: Id(6)] long FirstTokenMicros,
    [property: Id(7)] ImmutableArray<long> FirstTokens);

/// <summary>What one gateway counted of one miner since it last reported.</summary>
/// <param name="RegisteredAt">Block of the uid's registration: tells owners of one uid apart.</param>
/// <param name="LastFailure">Why it last failed, in one word.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.miner_report.v1")]
public sealed record MinerReport(
    [property: Id(0)] int Uid,
    [property: Id(1)] string Hotkey,
    [property: Id(2)] long RegisteredAt,
    [property: Id(3)] MinerTally Tally,
    [property: Id(4)] string? LastFailure,
    [property: Id(5)] DateTimeOffset? LastFailureAt);

/// <summary>A report was taken.</summary>
[GenerateSerializer, Immutable, Alias("depin.subnet.miners_reported.v1")]
public sealed record MinersReported([property: Id(0)] int Miners);
