using System.ComponentModel.DataAnnotations;

namespace DepinGrains.Gateway.Staking;

/// <summary>Stake to add.</summary>
/// <param name="Amount">Minor units.</param>
public sealed record AddStakeRequest([property: Range(1, long.MaxValue)] long Amount);

/// <summary>Stake to take out.</summary>
/// <param name="Amount">Minor units; 0 = all of it.</param>
public sealed record RemoveStakeRequest([property: Range(0, long.MaxValue)] long Amount);

/// <summary>Exits to take back into the stake.</summary>
/// <param name="Amount">Minor units, the newest exit first.</param>
public sealed record CancelUnbondingRequest([property: Range(1, long.MaxValue)] long Amount);

/// <summary>Stake to move at once, without unbonding.</summary>
/// <param name="From">The hotkey it leaves, <c>id_…/key_…</c>.</param>
/// <param name="To">The hotkey it goes to.</param>
/// <param name="Amount">Minor units; 0 = all of it.</param>
public sealed record MoveStakeRequest(
    [property: Required, StringLength(100, MinimumLength = 1)] string From,
    [property: Required, StringLength(100, MinimumLength = 1)] string To,
    [property: Range(0, long.MaxValue)] long Amount);

/// <summary>Terms of a hotkey of yours.</summary>
/// <param name="IsDelegate">Whether others may delegate.</param>
/// <param name="Take">Your part of what the stake earns, of 65535 (18 %: 11796), before it is split by stake; as it is when absent.</param>
public sealed record StakeTermsRequest(bool IsDelegate, [property: Range(0, 65_535)] int? Take = null);
