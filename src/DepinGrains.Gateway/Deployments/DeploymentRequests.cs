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
public sealed record BidRequest(
    [property: Required, StringLength(40, MinimumLength = 1)] string Price,
    [property: Required, StringLength(80, MinimumLength = 1)] string Denom,
    [property: Range(0, long.MaxValue)] long Deposit,
    [property: Range(0, 2_592_000)] long ReclaimWindowSeconds = 0);

/// <summary>The bid to take.</summary>
public sealed record AcceptBidRequest([property: Required, StringLength(100, MinimumLength = 1)] string Provider);

/// <summary>Why a tenant ends a lease or deployment: 1–9999, kept with the lease; 1 says no more than that its owner did.</summary>
public sealed record CloseRequest([property: Range(1, 9_999)] int Reason = 1);

/// <summary>Why a provider ends a bid or lease: 10000–19999.</summary>
public sealed record CloseBidRequest([property: Range(10_000, 19_999)] int Reason = 10_002);
