using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Gateway.Deployments;

/// <summary>Creates a deployment.</summary>
/// <param name="Sdl">The SDL, YAML text of at most 512 KiB.</param>
/// <param name="Deposit">First escrow deposit, minor units of the SDL's denomination.</param>
/// <param name="Winner"><c>lowest</c> (default): the lowest bid wins when the window ends; <c>pick</c>: the tenant picks.</param>
/// <param name="Dseq">A number of the client's choice, 1–20 digits; minted by the server when absent.</param>
public sealed record CreateDeploymentRequest(
    [property: Required, StringLength(524_288, MinimumLength = 1)] string Sdl,
    [property: Range(1, long.MaxValue)] long Deposit,
    WinnerRule Winner = WinnerRule.Lowest,
    [property: RegularExpression("^[1-9][0-9]{0,19}$")] string? Dseq = null);

/// <summary>Replaces the manifest.</summary>
public sealed record UpdateManifestRequest([property: Required, StringLength(524_288, MinimumLength = 1)] string Sdl);

/// <summary>Money to put in, minor units.</summary>
public sealed record DepositRequest([property: Range(1, long.MaxValue)] long Amount);

/// <summary>A provider's own bid.</summary>
/// <param name="Price">Minor units per block for the whole order, exact decimal text.</param>
public sealed record BidRequest(
    [property: Required, StringLength(40, MinimumLength = 1)] string Price,
    [property: Required, StringLength(80, MinimumLength = 1)] string Denom,
    [property: Range(0, long.MaxValue)] long Deposit,
    [property: Range(0, 2_592_000)] long ReclaimWindowSeconds = 0);

/// <summary>The bid to take.</summary>
public sealed record AcceptBidRequest([property: Required, StringLength(100, MinimumLength = 1)] string Provider);

/// <summary>Why a provider ends a bid or lease: 10000–19999.</summary>
public sealed record CloseBidRequest([property: Range(10_000, 19_999)] int Reason = 10_002);
