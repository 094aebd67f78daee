namespace DepinGrains.Domain.Subnets;

/// <summary>
/// When epochs run: every tempo + 1 blocks, staggered by subnet. Source: subtensor a13316c42 <c>block_step.rs blocks_until_next_epoch</c>; <c>schedule_vectors.json</c>.
/// Epoch numbers are the key of everything an epoch does: a late or doubled reminder asks for a number that is done.
/// </summary>
public static class SubnetSchedule
{
    /// <summary>What the chain answers for tempo 0, which never runs.</summary>
    public const ulong Never = 1000;

    /// <summary>Blocks from <paramref name="block"/> to the next epoch; 0 at an epoch's block.</summary>
    public static ulong BlocksUntilEpoch(ushort netuid, ushort tempo, ulong block) => tempo == 0 ? Never : tempo - Phase(netuid, tempo, block);

    /// <summary>Number of the epoch that <paramref name="block"/> belongs to: it grows by one right after an epoch's block. Tempo 0 is always epoch 0.</summary>
    public static ulong EpochIndex(ushort netuid, ushort tempo, ulong block) => tempo == 0 ? 0 : (ulong)(((UInt128)block + netuid + 1) / ((ulong)tempo + 1));

    /// <summary>Block at which epoch <paramref name="index"/> ends and is computed; null before the first block, beyond the last, or for tempo 0.</summary>
    public static ulong? BlockOfEpoch(ushort netuid, ushort tempo, ulong index)
    {
        var end = (((UInt128)index + 1) * ((ulong)tempo + 1)) - 1;
        return tempo == 0 || end < (UInt128)netuid + 1 || end - netuid - 1 > ulong.MaxValue ? null : (ulong)(end - netuid - 1);
    }

    /// <summary>
    /// How many of <paramref name="remaining"/> payments to make in this block so that they are spread to the next epoch. The chain has this helper and drains everything at once; so do we by default.
    /// </summary>
    public static ulong PaymentsThisBlock(ushort netuid, ushort tempo, ulong block, ulong remaining)
    {
        // In twice the pace, so that all is paid well before new payments come.
        var parts = BlocksUntilEpoch(netuid, tempo, block) / 2;
        return tempo <= 1 || parts == 0 ? remaining : remaining < parts ? Math.Min(remaining, 1) : remaining / parts;
    }

    private static ulong Phase(ushort netuid, ushort tempo, ulong block) => (ulong)(((UInt128)block + netuid + 1) % ((ulong)tempo + 1));
}
