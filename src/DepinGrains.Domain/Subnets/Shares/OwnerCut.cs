namespace DepinGrains.Domain.Subnets.Shares;

/// <summary>
/// The owner's part of a subnet's emission, taken each block before the rest queues for the epoch: 18 % at 11796/65535, so 18/41/41 with miners and validators.
/// Source: subtensor a13316c42 <c>block_step.rs generate_emission</c>, I96F32.
/// </summary>
public static class OwnerCut
{
    /// <summary>18 %, of 65535.</summary>
    public const ushort Default = 11_796;

    /// <summary>Rao of <paramref name="emission"/> for the owner, rounded down, and what queues.</summary>
    public static (ulong Owner, ulong Queued) Split(ulong emission, ushort cut)
    {
        var share = ((ulong)cut << 32) / ushort.MaxValue;
        var owner = (ulong)(((UInt128)emission * share) >> 32);
        return (owner, emission - owner);
    }

    /// <summary>The same for many blocks of one emission: equal to the sum of single ones.</summary>
    public static (ulong Owner, ulong Queued) Split(ulong emission, ushort cut, ulong blocks)
    {
        var (owner, queued) = Split(emission, cut);
        return (checked(owner * blocks), checked(queued * blocks));
    }
}
