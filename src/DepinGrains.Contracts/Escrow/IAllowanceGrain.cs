using DepinGrains.Contracts.Common;

namespace DepinGrains.Contracts.Escrow;

/// <summary>
/// One deposit allowance: money of the granter's wallet that the grantee may put into the escrow of its own deployments. What is not spent goes back to the granter and the allowance grows
/// again by exactly that. Key = the allowance's id, <c>granter/number</c>.
/// </summary>
[Alias("depin.allowance.grain")]
public interface IAllowanceGrain : IGrainWithStringKey
{
    /// <summary>Grants; the same again answers alike.</summary>
    [Alias("grant")]
    Task<Result<AllowanceView>> GrantAsync(GrantAllowance command);

    /// <summary>Takes back what was not drawn; also its grantee may, who declines it. What was drawn stays where it is and returns to the granter's wallet in the end.</summary>
    [Alias("revoke")]
    Task<Result<AllowanceView>> RevokeAsync(string operationId, string caller);

    /// <summary>Draws, once per id: <c>allowance.exceeded</c> with what is left, <c>allowance.not_allowed</c>, <c>allowance.revoked</c>, <c>allowance.expired</c>.</summary>
    [Alias("draw")]
    Task<Result<Done>> DrawAsync(string drawId, string grantee, string token, long amount);

    /// <summary>Gives back, once per id; also after expiry and revocation.</summary>
    [Alias("restore")]
    Task<Result<Done>> RestoreAsync(string restoreId, long amount);

    /// <summary>The allowance, or <c>allowance.not_found</c>.</summary>
    [Alias("get")]
    Task<Result<AllowanceView>> GetAsync();
}

/// <summary>Which money a deposit takes, in this order.</summary>
[GenerateSerializer]
public enum DepositFrom
{
    /// <summary>The depositor's own wallet.</summary>
    Balance = 0,

    /// <summary>Allowances given to the depositor that have money behind them: of those worth most, oldest first.</summary>
    Grants = 1,

    /// <summary>Own wallet, then allowances.</summary>
    BalanceThenGrants = 2,

    /// <summary>Allowances, then own wallet.</summary>
    GrantsThenBalance = 3,
}

/// <summary>An allowance to give.</summary>
/// <param name="Limit">Minor units.</param>
/// <param name="ExpiresAt">Null: never.</param>
/// <param name="OperationId">Same id and body → same answer.</param>
[GenerateSerializer, Immutable, Alias("depin.allowance.give.v1")]
public sealed record GrantAllowance(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string Granter,
    [property: Id(2)] string Grantee,
    [property: Id(3)] string Token,
    [property: Id(4)] long Limit,
    [property: Id(5)] DateTimeOffset? ExpiresAt);

/// <summary>An allowance.</summary>
/// <param name="Left">Minor units that may still be drawn.</param>
[GenerateSerializer, Immutable, Alias("depin.allowance.view.v1")]
public sealed record AllowanceView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Granter,
    [property: Id(2)] string Grantee,
    [property: Id(3)] string Token,
    [property: Id(4)] long Limit,
    [property: Id(5)] long Left,
    [property: Id(6)] DateTimeOffset? ExpiresAt,
    [property: Id(7)] bool Revoked,
    [property: Id(8)] DateTimeOffset CreatedAt);
