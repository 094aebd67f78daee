using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Subnets;

/// <summary>Which subnets there are, and the saga of a new one. One of it, key <see cref="SubnetKeys.Registry"/>.</summary>
[Alias("depin.subnet_registry.grain")]
public interface ISubnetRegistryGrain : IGrainWithStringKey
{
    /// <summary>
    /// Opens a subnet, once per operation id: the lock is set aside (not recycled) and, at the limit, the subnet of lowest emission out of immunity makes room. <c>subnet.name_invalid</c>,
    /// <c>subnet.too_soon</c> (one per <c>Subnets:CreateRateLimit</c> blocks), <c>subnet.lock_moved</c>, <c>subnet.all_immune</c>, <c>subnet.catching_up</c> (begun, and the subnet that makes room has epochs to do: ask again), the ledger's refusals.
    /// </summary>
    [Alias("create")]
    Task<Result<SubnetView>> CreateAsync(string operationId, CreateSubnet command);

    /// <summary>What a new subnet would lock now, and who would make room.</summary>
    [Alias("lockCost")]
    Task<SubnetLockCost> GetLockCostAsync();

    /// <summary>Active subnets, ascending.</summary>
    [Alias("list")]
    Task<ImmutableArray<RegisteredSubnet>> ListAsync();

    /// <summary>The sweep's call: finishes what was interrupted.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>Well-known keys.</summary>
public static class SubnetKeys
{
    /// <summary>The only registry.</summary>
    public const string Registry = "network";
}

/// <summary>A subnet in the registry.</summary>
/// <param name="Lock">Rao its owner locked.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.registered_subnet.v1")]
public sealed record RegisteredSubnet([property: Id(0)] int Netuid, [property: Id(1)] string Owner, [property: Id(2)] long Lock, [property: Id(3)] long CreatedAtBlock);

/// <summary>What a new subnet locks.</summary>
/// <param name="Lock">Rao.</param>
/// <param name="NextBlock">First block at which one may be created.</param>
/// <param name="Replaces">The subnet that would make room at the limit, or null.</param>
[GenerateSerializer, Immutable, Alias("depin.subnet.lock_cost.v1")]
public sealed record SubnetLockCost([property: Id(0)] long Lock, [property: Id(1)] long Block, [property: Id(2)] long NextBlock, [property: Id(3)] int Subnets, [property: Id(4)] int Limit, [property: Id(5)] int? Replaces);
