using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Pool;

namespace DepinGrains.Domain.Pool;

/// <summary>The life of a proposal: proposed → approved → executing → executed or failed; cancelled or expired before that.</summary>
public static class ProposalRules
{
    /// <summary>Most instalments of an incentive.</summary>
    public const int InstalmentsMax = 1_000;

    /// <summary>Null, or why the proposal's body makes no sense: <c>pool.proposal_invalid</c> with the field.</summary>
    public static Refusal? WhyInvalid(ProposalBody body)
    {
        if (body.Summary.Length is 0 or > 500)
        {
            return Invalid("summary", "1 to 500 characters");
        }

        if (body.Kind == ProposalKind.Parameter)
        {
            return string.IsNullOrEmpty(body.Parameter) ? Invalid("parameter", "the parameter's name") : null;
        }

        if (body.Amount <= 0 || string.IsNullOrEmpty(body.Token))
        {
            return Invalid("amount", "a token and a positive number of its minor units");
        }

        if (body.Kind == ProposalKind.Burn)
        {
            return string.IsNullOrEmpty(body.To) ? null : Invalid("to", "nothing: what is burned goes to nobody");
        }

        if (string.IsNullOrEmpty(body.To))
        {
            return Invalid("to", "the identity that is paid");
        }

        return body.Kind == ProposalKind.Fund && body.Instalments != 1
            ? Invalid("instalments", "1: only incentives are paid over time")
            : body.Instalments is < 1 or > InstalmentsMax || body.Instalments > body.Amount ? Invalid("instalments", $"1 to {InstalmentsMax}, at most one per minor unit")
            : body.Instalments > 1 && body.EverySeconds is < 1 or > 31_536_000 ? Invalid("everySeconds", "1 second to a year")
            : null;
    }

    /// <summary>The status after time has passed: a proposal without enough approvals expires.</summary>
    public static ProposalStatus At(ProposalStatus status, DateTimeOffset expiresAt, DateTimeOffset now) =>
        status == ProposalStatus.Proposed && now >= expiresAt ? ProposalStatus.Expired : status;

    /// <summary>The approvals after one more. <c>pool.proposal_wrong_state</c>, <c>pool.approved_before</c> (not an error of the network: one operator, one voice).</summary>
    public static Result<ImmutableArray<string>> Approve(ProposalStatus status, ImmutableArray<string> approvals, string by)
    {
        if (status != ProposalStatus.Proposed)
        {
            return WrongState(status, "approved");
        }

        return approvals.Contains(by)
            ? Refusal.Of("pool.approved_before", $"{by} approved already; {approvals.Length} operator(s) did so far", ("operator", by), ("approvals", approvals.Length))
            : approvals.Add(by);
    }

    /// <summary>A proposal can be cancelled until its first movement of money.</summary>
    public static Refusal? WhyNotCancel(ProposalStatus status) =>
        status is ProposalStatus.Proposed or ProposalStatus.Approved ? null : WrongState(status, "cancelled");

    /// <summary>Instalment <paramref name="number"/> (from 1): ⌊total · n / N⌋ − ⌊total · (n − 1) / N⌋, so that all together are the total.</summary>
    public static long Instalment(long total, int count, int number) =>
        (long)(((Int128)total * number / count) - ((Int128)total * (number - 1) / count));

    private static Refusal WrongState(ProposalStatus status, string what)
    {
        var name = status.ToString().ToLowerInvariant();
        return Refusal.Of("pool.proposal_wrong_state", $"a proposal that is {name} cannot be {what}", ("status", name));
    }

    private static Refusal Invalid(string field, string wanted) =>
        Refusal.Of("pool.proposal_invalid", $"{field}: wanted {wanted}", ("field", field), ("wanted", wanted));
}
