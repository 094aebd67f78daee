namespace DepinGrains.Domain.Subnets;

/// <summary>A subnet that may have to make room.</summary>
/// <param name="Netuid">Which.</param>
/// <param name="Emission">Rao per block.</param>
/// <param name="RegisteredAt">Block.</param>
public readonly record struct SubnetCandidate(ushort Netuid, ulong Emission, ulong RegisteredAt);

/// <summary>
/// The limit of subnets and what a new one locks. Source: subtensor a13316c42 <c>root.rs user_add_network, get_network_lock_cost, get_subnet_to_prune</c>; <c>root_vectors.json</c>.
/// </summary>
/// <param name="Limit">Most subnets.</param>
/// <param name="MinLock">Rao.</param>
/// <param name="LockInterval">Blocks in which a doubled lock falls back (14 days).</param>
/// <param name="Immunity">Blocks a new subnet cannot be pruned (7 days).</param>
/// <param name="RateLimit">Blocks between two new subnets.</param>
public sealed record SubnetSlots(int Limit = 32, ulong MinLock = 1_000_000_000_000, ulong LockInterval = 100_800, ulong Immunity = 50_400, ulong RateLimit = 7_200)
{
    /// <summary>Rao to lock at <paramref name="block"/>: twice the last lock, falling by last/interval a block, never below the minimum; once the last before the first registration.</summary>
    public ulong LockCost(ulong lastLock, ulong lastBlock, ulong block)
    {
        UInt128 raised = (UInt128)lastLock * (lastBlock == 0 ? 1u : 2u);
        var fallen = (UInt128)(LockInterval == 0 ? 0 : lastLock / LockInterval) * (block < lastBlock ? 0 : block - lastBlock);
        var cost = raised > fallen ? raised - fallen : 0;
        return (ulong)UInt128.Clamp(cost, MinLock, ulong.MaxValue);
    }

    /// <summary>The subnet to remove: lowest emission out of immunity, of equal ones the oldest, then the lowest number; null when all are immune.</summary>
    public ushort? ToPrune(ReadOnlySpan<SubnetCandidate> subnets, ulong block)
    {
        SubnetCandidate? chosen = null;
        foreach (var subnet in subnets)
        {
            var immune = block < subnet.RegisteredAt || block - subnet.RegisteredAt < Immunity;
            if (!immune && (chosen is not { } best || (subnet.Emission, subnet.RegisteredAt, subnet.Netuid).CompareTo((best.Emission, best.RegisteredAt, best.Netuid)) < 0))
            {
                chosen = subnet;
            }
        }

        return chosen?.Netuid;
    }
}
