using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Subnets.Weights;

/// <summary>One row of weights as stored: uids ascending, the largest 65535.</summary>
public sealed record WeightRow(ImmutableArray<ushort> Uids, ImmutableArray<ushort> Values);

/// <summary>
/// What weights must fulfil, in the chain's order, and their stored form. Source: subtensor a13316c42 <c>weights.rs do_set_weights</c>; <c>weights_vectors.json</c> with its <c>check_order</c>.
/// </summary>
public static class WeightRules
{
    /// <summary>Checks in order; the first that fails answers.</summary>
    /// <returns>The row to store, or one of <see cref="WeightErrors"/>.</returns>
    public static Result<WeightRow> Check(WeightSubmission submission, WeightContext context)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(context);
        var (uids, values) = (submission.Uids, submission.Values);
        var self = context.Uid is { } own && IsSelfWeight(own, uids);
        var sinceLast = context.Block < context.LastUpdate ? 0 : context.Block - context.LastUpdate;
        var refusal =
            context.CommitReveal && !context.IsReveal ? WeightErrors.CommitRevealOn()
            : !context.OwnsHotkey ? WeightErrors.NotOwner()
            : uids.Length != values.Length ? WeightErrors.NotEqualSize(uids.Length, values.Length)
            : !context.SubnetExists ? WeightErrors.NoSubnet()
            : uids.Length > context.Count ? WeightErrors.TooManyUids(uids.Length, context.Count)
            : context.Uid is null ? WeightErrors.NotRegistered()
            : context.Stake < context.MinStake ? WeightErrors.NotEnoughStake(context.Stake, context.MinStake)
            : context.VersionKey != 0 && submission.VersionKey < context.VersionKey ? WeightErrors.WrongVersion(submission.VersionKey, context.VersionKey)
            : !context.IsReveal && context.LastUpdate != 0 && sinceLast < context.RateLimit ? WeightErrors.TooFast(sinceLast, context.RateLimit)
            : !self && !context.Permit ? WeightErrors.NoPermit()
            : FirstDuplicate(uids) is { } twice ? WeightErrors.Duplicate(twice)
            : FirstForeign(uids, context.Count) is { } foreign ? WeightErrors.InvalidUid(foreign, context.Count)
            : !self && uids.Length < Math.Min(context.MinAllowed, context.Count) ? WeightErrors.TooFew(uids.Length, Math.Min(context.MinAllowed, context.Count))
            : null;
        if (refusal is not null)
        {
            return refusal;
        }

        var scaled = FixedVector.MaxUpscale(values);
        if (!self && !IsMaxLimited(scaled, context.MaxLimit))
        {
            return WeightErrors.MaxExceeded(context.MaxLimit);
        }

        var order = uids.ToArray();
        Array.Sort(order, scaled);
        return new WeightRow([.. order], [.. scaled]);
    }

    /// <summary>Exactly one weight, toward oneself: how miners without a permit stay alive.</summary>
    public static bool IsSelfWeight(int uid, ReadOnlySpan<ushort> uids) => uids.Length == 1 && uids[0] == uid;

    /// <summary>Whether no weight takes more than <paramref name="limit"/>/65535 of the sum; 65535 limits nothing.</summary>
    public static bool IsMaxLimited(ReadOnlySpan<ushort> values, ushort limit) => limit == ushort.MaxValue || FixedVector.IsMaxLimited(values, limit);

    private static int? FirstDuplicate(ushort[] uids)
    {
        HashSet<ushort> seen = [];
        foreach (var uid in uids)
        {
            if (!seen.Add(uid))
            {
                return uid;
            }
        }

        return null;
    }

    private static int? FirstForeign(ushort[] uids, int count)
    {
        foreach (var uid in uids)
        {
            if (uid >= count)
            {
                return uid;
            }
        }

        return null;
    }
}
