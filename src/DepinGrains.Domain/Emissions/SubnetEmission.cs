using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Domain.Subnets.Shares;

namespace DepinGrains.Domain.Emissions;

/// <summary>Blocks of one subnet with one emission each.</summary>
/// <param name="From">First block.</param>
/// <param name="To">Last block.</param>
/// <param name="Owner">Rao of each block for the owner.</param>
/// <param name="Queued">Rao of each block for miners and validators.</param>
public readonly record struct EmissionSpan(long From, long To, long Owner, long Queued)
{
    /// <summary>How many blocks.</summary>
    public long Blocks => To - From + 1;

    /// <summary>All rao of it.</summary>
    public long Total => checked(Blocks * (Owner + Queued));
}

/// <summary>What blocks issued for one subnet, ascending.</summary>
public sealed record SubnetSpans(int Netuid, ImmutableArray<EmissionSpan> Spans);

/// <summary>Blocks settled.</summary>
/// <param name="State">After them.</param>
/// <param name="Issued">Rao issued, to subnets alone.</param>
/// <param name="Subnets">To whom, in the order of the shares.</param>
public sealed record SubnetEmissionRun(EmissionState State, long Issued, ImmutableArray<SubnetSpans> Subnets);

/// <summary>
/// Emission of any number of blocks by shares, in one step per stage and equal to the sum of single blocks: a block gives each subnet floor(share · emission / 2⁶⁴), of which the owner's cut is rounded down;
/// what nobody's share covers stays unissued and so delays the halving.
/// Source: subtensor a13316c42 <c>block_step.rs generate_emission</c>, <c>root.rs:293</c>; issuance counts a block's emission in that block, where the chain counts it when the epoch is paid.
/// </summary>
public static class SubnetEmission
{
    /// <summary>Most subnets with a share.</summary>
    public const int SubnetsMax = 1024;

    /// <summary>All: 2⁶⁴.</summary>
    public static readonly UInt128 All = (UInt128)1 << 64;

    /// <summary>Null, or <c>emission.shares_invalid</c>.</summary>
    public static Refusal? WhyNot(ImmutableArray<SubnetShare> shares)
    {
        if (shares.IsDefault || shares.Length > SubnetsMax)
        {
            return Invalid($"at most {SubnetsMax} subnets have a share");
        }

        var (sum, seen) = (UInt128.Zero, new HashSet<int>());
        foreach (var share in shares)
        {
            if (share.Netuid is < 0 or > ushort.MaxValue || !seen.Add(share.Netuid))
            {
                return Invalid($"subnet {share.Netuid} is there twice or is none");
            }

            if (share.Share > All || (sum += share.Share) > All)
            {
                return Invalid("the shares are more than all (2⁶⁴)");
            }

            if (share.OwnerCut is < 0 or > ushort.MaxValue)
            {
                return Invalid($"the owner's cut of subnet {share.Netuid} is {share.OwnerCut}; 0…65535");
            }
        }

        return null;
    }

    /// <summary>Rao of one block for a share.</summary>
    public static long PerBlock(UInt128 share, long emission) => share >= All ? emission : (long)((share * (ulong)emission) >> 64);

    /// <summary>Settles the blocks after <paramref name="settled"/> through <paramref name="to"/>.</summary>
    /// <param name="state">After block <paramref name="settled"/>.</param>
    /// <param name="settled">Last block that is settled; −1 = none.</param>
    /// <param name="to">Last block to settle.</param>
    /// <param name="shares">In force for all of them.</param>
    public static SubnetEmissionRun Settle(EmissionState state, long settled, long to, ImmutableArray<SubnetShare> shares)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, settled);
        var spans = shares.Select(static _ => ImmutableArray.CreateBuilder<EmissionSpan>()).ToArray();
        var issued = 0L;
        state = state.Latched is null ? state : state with { Latched = state.Halvings };
        while (settled < to)
        {
            var each = shares.Select(s => Split(s, state.PerBlock)).ToArray();
            var perBlock = each.Sum(static e => e.Owner + e.Queued);
            if (perBlock == 0)
            {
                break;
            }

            // As many blocks as the stage has: the block that reaches the threshold is its last.
            var missing = TaoEmission.Threshold(state.Halvings + 1) - state.Issuance;
            var blocks = Math.Min(to - settled, ((missing - 1) / perBlock) + 1);
            for (var i = 0; i < each.Length; i++)
            {
                if (each[i] is var (owner, queued) && owner + queued > 0)
                {
                    spans[i].Add(new EmissionSpan(settled + 1, settled + blocks, owner, queued));
                }
            }

            issued = checked(issued + (blocks * perBlock));
            settled += blocks;
            state = state.Issue(blocks * perBlock);
        }

        return new SubnetEmissionRun(state, issued, [.. shares.Select((s, i) => new SubnetSpans(s.Netuid, spans[i].ToImmutable()))]);
    }

    private static (long Owner, long Queued) Split(SubnetShare share, long emission)
    {
        var (owner, queued) = OwnerCut.Split((ulong)PerBlock(share.Share, emission), (ushort)share.OwnerCut);
        return ((long)owner, (long)queued);
    }

    private static Refusal Invalid(string why) => Refusal.Of("emission.shares_invalid", why);
}
