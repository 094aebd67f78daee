using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Consensus;

/// <summary>One subnet as its epoch sees it; index is the uid. The arrays are read, not kept nor changed.</summary>
public sealed record EpochInputs
{
    /// <summary>Most uids of a subnet.</summary>
    public const int UidsMax = 4096;

    /// <summary>The block of the epoch.</summary>
    public required ulong Block { get; init; }

    /// <summary>Total stake of each hotkey, delegations included, rao.</summary>
    public required ulong[] Stakes { get; init; }

    /// <summary>Permits the epoch before gave.</summary>
    public required bool[] Permits { get; init; }

    /// <summary>Block at which each set weights last.</summary>
    public required ulong[] LastUpdate { get; init; }

    /// <summary>Block at which each uid was registered.</summary>
    public required ulong[] RegisteredAt { get; init; }

    /// <summary>Weights, row = who scores.</summary>
    public required SparseRows Weights { get; init; }

    /// <summary>Bonds the epoch before left.</summary>
    public required SparseRows Bonds { get; init; }

    /// <summary>
    /// When set, bonds toward uids registered at or after this block are dropped (2026); when null, those toward uids registered at or after the validator's own last weights (2024).
    /// </summary>
    public ulong? PreviousEpochBlock { get; init; }

    /// <summary>How many uids.</summary>
    public int Count => Stakes.Length;

    /// <summary>Refuses <c>epoch.too_many_uids</c> and <c>epoch.shape_invalid</c>.</summary>
    public Result<EpochInputs> Checked()
    {
        if (Count > UidsMax)
        {
            return Refusal.Of("epoch.too_many_uids", $"{Count} uids; at most {UidsMax}", ("count", Count), ("max", UidsMax));
        }

        (string Name, int Length)[] shapes =
        [
            ("permits", Permits.Length), ("last_update", LastUpdate.Length), ("reg_block", RegisteredAt.Length), ("weights", Weights.Rows), ("bonds", Bonds.Rows),
        ];
        foreach (var (name, length) in shapes)
        {
            if (length != Count)
            {
                return Refusal.Of("epoch.shape_invalid", $"{name} has {length} entries for {Count} uids", ("name", name), ("length", length), ("count", Count));
            }
        }

        return this;
    }
}
