using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Emissions;

/// <summary>
/// TAO's emission; one of it, key <see cref="EmissionKeys.Tao"/>. Blocks are 12 s of the network's clock and nothing happens in them: whoever asks has all blocks up to then settled in one step, exact to
/// the rao and equal to the sum of single blocks. What a block issues is minted into the accounts of its subnets (<see cref="EmissionAccounts.Pending"/>), so that
/// <b>issuance = −balance of the issuance account, always</b>; shares that nobody has stay unissued, what an epoch leaves goes back.
/// Recycling must come through here too, for it is the order of issuing and recycling that a halving depends on.
/// </summary>
[Alias("depin.emission.grain")]
public interface IEmissionGrain : IGrainWithStringKey
{
    /// <summary>
    /// New shares of the subnets, in force from the block after <c>max(command.Block, blocks settled so far)</c>; blocks before are settled by the old ones. Once per operation id.
    /// <c>emission.shares_invalid</c> (doubled netuid, more than all), <c>emission.block_future</c>.
    /// </summary>
    [Alias("setShares")]
    Task<Result<EmissionShares>> SetSharesAsync(string operationId, SetShares command);

    /// <summary>
    /// What a subnet's epoch may pay: all its emission from the block after its last draw through <paramref name="block"/>, the same whenever it is asked, once per (netuid, epoch) for ever.
    /// The money lies in <see cref="EmissionAccounts.Pending"/>; the epoch must take exactly <c>Owner + Queued</c> out of it, dust back to issuance (<c>Domain.Emissions.EpochPayments</c> makes the transfers).
    /// <c>emission.epoch_passed</c> (a later one was drawn), <c>emission.block_future</c>, <c>emission.block_passed</c>.
    /// </summary>
    [Alias("draw")]
    Task<Result<EmissionDraw>> DrawAsync(int netuid, long epoch, long block);

    /// <summary>
    /// Takes rao out of an account and back to unissued (registration, swap), once per id; the id is the ledger transfer's. The ledger's refusals, for ever under this id.
    /// </summary>
    [Alias("recycle")]
    Task<Result<EmissionRecycled>> RecycleAsync(string transferId, RecycleEmission command);

    /// <summary>A subnet ended: what it did not draw goes back to unissued, its share with it. Once per operation id.</summary>
    [Alias("end")]
    Task<Result<EmissionRecycled>> EndSubnetAsync(string operationId, int netuid);

    /// <summary>Issuance, rate, forecast as of the block now.</summary>
    [Alias("get")]
    Task<Result<EmissionView>> GetAsync();

    /// <summary>The sweep's call: finishes what was interrupted, settles to now, keeps a point of history.</summary>
    [Alias("tick")]
    Task TickAsync();
}

/// <summary>Keys of emission.</summary>
public static class EmissionKeys
{
    /// <summary>Denomination of TAO, 9 decimals; key of its emission and of its ledger.</summary>
    public const string Tao = "rao";
}

/// <summary>Ledger accounts of emission.</summary>
public static class EmissionAccounts
{
    /// <summary>Issued for a subnet, not yet paid by its epochs.</summary>
    public static string Pending(int netuid) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"emission/{netuid}");
}

/// <summary>A subnet's share of each block.</summary>
/// <param name="Share">Q64: 2⁶⁴ = all. A block gives floor(share · emission / 2⁶⁴).</param>
/// <param name="OwnerCut">The owner's part of that, of 65535 (18 %: 11796); 0 without owner.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.share.v1")]
public readonly record struct SubnetShare([property: Id(0)] int Netuid, [property: Id(1)] UInt128 Share, [property: Id(2)] int OwnerCut);

/// <summary>Shares to set: all of them; a subnet left out gets nothing.</summary>
/// <param name="Block">Last block of the old ones.</param>
/// <param name="Strategy">Where they come from, e.g. <c>root_weights</c>, <c>price_ema</c>; for people.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.set_shares.v1")]
public sealed record SetShares([property: Id(0)] long Block, [property: Id(1)] ImmutableArray<SubnetShare> Shares, [property: Id(2)] string Strategy);

/// <summary>Shares in force.</summary>
/// <param name="FromBlock">First block they hold for.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.shares.v1")]
public sealed record EmissionShares([property: Id(0)] long FromBlock, [property: Id(1)] ImmutableArray<SubnetShare> Shares, [property: Id(2)] string Strategy);

/// <summary>What an epoch may pay.</summary>
/// <param name="FromBlock">First block of it.</param>
/// <param name="ToBlock">Last block of it.</param>
/// <param name="Owner">Rao for the subnet's owner, cut in each block and rounded down in each.</param>
/// <param name="Queued">Rao for miners and validators.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.draw.v1")]
public sealed record EmissionDraw(
    [property: Id(0)] int Netuid,
    [property: Id(1)] long Epoch,
    [property: Id(2)] long FromBlock,
    [property: Id(3)] long ToBlock,
    [property: Id(4)] long Owner,
    [property: Id(5)] long Queued);

/// <summary>Rao to recycle.</summary>
/// <param name="Account">The ledger account that pays.</param>
/// <param name="Netuid">The subnet it is for; 0 = none.</param>
/// <param name="Memo">Shown on statements.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.recycle.v1")]
public sealed record RecycleEmission([property: Id(0)] string Account, [property: Id(1)] long Amount, [property: Id(2)] int Netuid, [property: Id(3)] string Memo = "");

/// <summary>What went back to unissued.</summary>
/// <param name="Block">The block it happened in, after that block issued.</param>
/// <param name="Issuance">After it, rao.</param>
[GenerateSerializer, Immutable, Alias("depin.emission.recycled.v1")]
public sealed record EmissionRecycled([property: Id(0)] long Amount, [property: Id(1)] long Block, [property: Id(2)] long Issuance);
