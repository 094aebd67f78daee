using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Pool;

/// <summary>
/// One proposal about the community pool: who approved it, and the saga that carries it out. Key = the proposal's id. The gateway has verified that callers are operators.
/// </summary>
[Alias("depin.proposal.grain")]
public interface IProposalGrain : IGrainWithStringKey
{
    /// <summary>Proposes; the author's approval counts. Again with the same body it answers alike, with another <c>request.id_reused</c>.</summary>
    [Alias("propose")]
    Task<Result<ProposalView>> ProposeAsync(string author, ProposalBody body);

    /// <summary>Approves: <c>pool.approved_before</c>, <c>pool.proposal_wrong_state</c>.</summary>
    [Alias("approve")]
    Task<Result<ProposalView>> ApproveAsync(string operationId, string by);

    /// <summary>Cancels before anything was moved.</summary>
    [Alias("cancel")]
    Task<Result<ProposalView>> CancelAsync(string operationId, string by);

    /// <summary>The proposal, or <c>pool.proposal_not_found</c>.</summary>
    [Alias("get")]
    Task<Result<ProposalView>> GetAsync();

    /// <summary>The sweep's call: takes what is due.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>What a proposal does.</summary>
[GenerateSerializer]
public enum ProposalKind
{
    /// <summary>Pays an identity at once.</summary>
    Fund = 0,

    /// <summary>Pays a provider or validator, at once or in instalments.</summary>
    Incentive = 1,

    /// <summary>Takes money of the pool out of the supply.</summary>
    Burn = 2,

    /// <summary>Changes a network parameter.</summary>
    Parameter = 3,
}

/// <summary>Where a proposal stands.</summary>
[GenerateSerializer]
public enum ProposalStatus
{
    Proposed = 0,
    Approved = 1,

    /// <summary>Instalments are being paid.</summary>
    Executing = 2,
    Executed = 3,

    /// <summary>The ledger or the parameters refused; the refusal is kept.</summary>
    Failed = 4,
    Cancelled = 5,
    Expired = 6,
}

/// <summary>What is proposed.</summary>
/// <param name="Token">Denomination (not for parameters).</param>
/// <param name="Amount">Minor units in all.</param>
/// <param name="To">The identity paid (fund, incentive).</param>
/// <param name="Instalments">In how many parts an incentive is paid, the first at execution.</param>
/// <param name="EverySeconds">Time between instalments.</param>
/// <param name="Parameter">Full name of the parameter, e.g. <c>take_fee.uakt</c>.</param>
/// <param name="Value">Its new value.</param>
/// <param name="EffectiveAt">From when; null or past = at execution.</param>
[GenerateSerializer, Immutable, Alias("depin.proposal.body.v1")]
public sealed record ProposalBody(
    [property: Id(0)] ProposalKind Kind,
    [property: Id(1)] string Summary,
    [property: Id(2)] string Token = "",
    [property: Id(3)] long Amount = 0,
    [property: Id(4)] string To = "",
    [property: Id(5)] int Instalments = 1,
    [property: Id(6)] long EverySeconds = 0,
    [property: Id(7)] string Parameter = "",
    [property: Id(8)] long Value = 0,
    [property: Id(9)] DateTimeOffset? EffectiveAt = null);

/// <summary>A proposal.</summary>
/// <param name="ApprovalsNeeded">What the parameter <c>pool.approvals_min</c> says now, or said when it was approved.</param>
/// <param name="ExecuteAt">When it is, or was, carried out; null before it is approved.</param>
/// <param name="Paid">Instalments paid so far.</param>
/// <param name="Problem">Why it failed.</param>
[GenerateSerializer, Immutable, Alias("depin.proposal.view.v1")]
public sealed record ProposalView(
    [property: Id(0)] string Id,
    [property: Id(1)] ProposalStatus Status,
    [property: Id(2)] ProposalBody Body,
    [property: Id(3)] string Author,
    [property: Id(4)] ImmutableArray<string> Approvals,
    [property: Id(5)] int ApprovalsNeeded,
    [property: Id(6)] DateTimeOffset CreatedAt,
    [property: Id(7)] DateTimeOffset ExpiresAt,
    [property: Id(8)] DateTimeOffset? ExecuteAt,
    [property: Id(9)] int Paid,
    [property: Id(10)] Refusal? Problem);
