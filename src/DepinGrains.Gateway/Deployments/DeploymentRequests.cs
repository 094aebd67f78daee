using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Gateway.Deployments;

/// <summary>Creates a deployment.</summary>
/// <param name="Sdl">The SDL, YAML text of at most 512 KiB.</param>
/// <param name="Deposit">First escrow deposit, minor units of the SDL's denomination.</param>
/// <param name="Winner"><c>lowest</c> (default): the lowest bid wins when the window ends; <c>pick</c>: the tenant picks.</param>
/// <param name="From">Which money the deposit takes: <c>balance</c> (default), <c>grants</c> (allowances given to you, oldest first), <c>balance_then_grants</c>, <c>grants_then_balance</c>.</param>
/// <param name="Dseq">A number of the client's choice, 1–20 digits; minted by the server when absent.</param>
public sealed record CreateDeploymentRequest(
    [property: Required, StringLength(524_288, MinimumLength = 1)] string Sdl,
    [property: Range(1, long.MaxValue)] long Deposit,
    WinnerRule Winner = WinnerRule.Lowest,
    [property: RegularExpression("^[1-9][0-9]{0,19}$")] string? Dseq = null,
    DepositFrom? From = null);

/// <summary>Replaces the manifest.</summary>
public sealed record UpdateManifestRequest([property: Required, StringLength(524_288, MinimumLength = 1)] string Sdl);

/// <summary>Money to put in, minor units.</summary>
/// <param name="From">Which money; see <see cref="CreateDeploymentRequest"/>.</param>
public sealed record DepositRequest([property: Range(1, long.MaxValue)] long Amount, DepositFrom From = DepositFrom.Balance);

/// <summary>A standing order: deposits when fewer than <paramref name="BelowBlocks"/> blocks are funded, enough for <paramref name="ToBlocks"/>.</summary>
/// <param name="AmountMin">Least at once, minor units.</param>
/// <param name="CapPerPeriod">Most in one period, minor units.</param>
/// <param name="PeriodSeconds">Length of a period; a day by default.</param>
public sealed record AutoTopUpRequest(
    [property: Range(1, 1_000_000_000)] long BelowBlocks,
    [property: Range(2, 1_000_000_000)] long ToBlocks,
    [property: Range(1, long.MaxValue)] long CapPerPeriod,
    [property: Range(1, long.MaxValue)] long AmountMin = 1,
    [property: Range(60, 31_536_000)] long PeriodSeconds = 86_400,
    DepositFrom From = DepositFrom.Balance);

/// <summary>A provider's own bid.</summary>
/// <param name="Price">Minor units per block for the whole order, exact decimal text.</param>
/// <param name="Offer">What you offer for each unit, at least what was asked: each unit of the order once, with its count. Absent: exactly what was asked.</param>
public sealed record BidRequest(
    [property: Required, StringLength(40, MinimumLength = 1)] string Price,
    [property: Required, StringLength(80, MinimumLength = 1)] string Denom,
    [property: Range(0, long.MaxValue)] long Deposit,
    [property: Range(0, 2_592_000)] long ReclaimWindowSeconds = 0,
    [property: MaxLength(64)] ImmutableArray<OfferedUnitRequest>? Offer = null);

/// <summary>What a bid offers for one unit of the order.</summary>
/// <param name="Id">The unit's id in the order.</param>
/// <param name="Gpu">Kinds of cards, e.g. <c>vendor/nvidia/model/a100</c>; absent: those asked for.</param>
public sealed record OfferedUnitRequest(
    [property: Range(1, int.MaxValue)] int Id,
    [property: Range(0, int.MaxValue)] int Count,
    [property: Range(0, long.MaxValue)] long CpuMilli,
    [property: Range(0, long.MaxValue)] long MemoryBytes,
    [property: MaxLength(32)] ImmutableArray<OfferedVolumeRequest>? Storage = null,
    [property: Range(0, 1_000)] int GpuUnits = 0,
    [property: MaxLength(32)] ImmutableArray<string>? Gpu = null)
{
    /// <summary>As the grain takes it.</summary>
    public OfferedUnit ToOffer() => new(Id, Count, new UnitResources(
        Id, CpuMilli, [], MemoryBytes, [.. (Storage ?? []).Select(static v => v.ToVolume())], GpuUnits, [.. (Gpu ?? []).Select(static g => new SpecAttribute(g, "true"))], []));
}

/// <summary>A volume of an offer.</summary>
/// <param name="Class"><c>ephemeral</c>, <c>ram</c>, <c>beta1</c>…</param>
public sealed record OfferedVolumeRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string Name,
    [property: Range(0, long.MaxValue)] long Bytes,
    [property: Required, StringLength(32, MinimumLength = 1)] string Class = "ephemeral",
    bool Persistent = false)
{
    /// <summary>As the grain takes it.</summary>
    public StorageVolume ToVolume() => new(Name, Bytes, [new SpecAttribute("class", Class), new SpecAttribute("persistent", Persistent ? "true" : "false")]);
}

/// <summary>The bid to take.</summary>
public sealed record AcceptBidRequest([property: Required, StringLength(100, MinimumLength = 1)] string Provider);

/// <summary>Why a tenant ends a lease or deployment: 1–9999, kept with the lease; 1 says no more than that its owner did.</summary>
public sealed record CloseRequest([property: Range(1, 9_999)] int Reason = 1);

/// <summary>Why a provider ends a bid or lease: 10000–19999. With <c>onlyOpen</c> a bid that won meanwhile is refused as <c>bid.not_open</c>, and its lease stays.</summary>
public sealed record CloseBidRequest([property: Range(10_000, 19_999)] int Reason = 10_002, bool OnlyOpen = false);
