using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>What a granter lets a grantee deposit for.</summary>
[Flags]
public enum AllowanceScopes
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Deposits of deployments, jobs and clusters.</summary>
    Deployment = 1,

    /// <summary>Deposits of bids.</summary>
    Bid = 2,
}

/// <summary>Money a granter lets another identity put into escrow. The rest comes back to the granter, and the allowance grows again by exactly that.</summary>
/// <param name="Left">Minor units that may still be drawn.</param>
public sealed record DepositAllowance(string Id, string Granter, string Grantee, string Currency, long Left, AllowanceScopes Scopes, DateTimeOffset? ExpiresAt)
{
    /// <summary>What may be drawn now for this purpose.</summary>
    public long Usable(string currency, AllowanceScopes scope, DateTimeOffset now) =>
        Currency == currency && Scopes.HasFlag(scope) && (ExpiresAt is not { } end || now < end) ? Left : 0;

    /// <summary>The allowance after a draw.</summary>
    public DepositAllowance Draw(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, Left);
        return this with { Left = Left - amount };
    }

    /// <summary>The allowance after a refund of what was drawn from it.</summary>
    public DepositAllowance Restore(long amount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(amount);
        return this with { Left = checked(Left + amount) };
    }
}

/// <summary>Where a deposit may come from.</summary>
public enum DepositSource
{
    /// <summary>The depositor's own wallet.</summary>
    Balance = 0,

    /// <summary>Allowances given to the depositor.</summary>
    Grant = 1,
}

/// <summary>The order of sources a caller may ask for.</summary>
public static class DepositOrders
{
    /// <summary>The sources in order.</summary>
    public static ImmutableArray<DepositSource> Of(DepositFrom from) => from switch
    {
        DepositFrom.Grants => [DepositSource.Grant],
        DepositFrom.BalanceThenGrants => [DepositSource.Balance, DepositSource.Grant],
        DepositFrom.GrantsThenBalance => [DepositSource.Grant, DepositSource.Balance],
        _ => [DepositSource.Balance],
    };
}

/// <summary>An allowance and what its granter's wallet can pay.</summary>
public readonly record struct FundedAllowance(DepositAllowance Allowance, long GranterAvailable);

/// <summary>Chooses where a deposit comes from (Akash <c>AuthorizeDeposits</c>): sources in the order asked, partial draws over many grants.</summary>
public static class DepositSources
{
    /// <summary>Plans draws that sum to <paramref name="wanted"/>.</summary>
    /// <returns>The draws in order, or <c>escrow.deposit_unfunded</c> with what was found, or <c>escrow.amount_invalid</c>.</returns>
    public static Result<ImmutableArray<DepositDraw>> Plan(
        string depositor,
        string currency,
        long wanted,
        ImmutableArray<DepositSource> order,
        long available,
        ImmutableArray<FundedAllowance> grants,
        AllowanceScopes scope,
        DateTimeOffset now)
    {
        if (wanted <= 0)
        {
            return EscrowErrors.AmountInvalid(wanted);
        }

        var draws = ImmutableArray.CreateBuilder<DepositDraw>();
        var left = wanted;
        foreach (var source in order.Distinct())
        {
            left -= source == DepositSource.Balance
                ? Take(draws, depositor, null, Math.Min(left, available))
                : TakeFromGrants(draws, left, depositor, currency, grants, scope, now);
        }

        return left == 0
            ? draws.DrainToImmutable()
            : Refusal.Of("escrow.deposit_unfunded", $"a deposit of {wanted} {currency} found {wanted - left}", ("wanted", wanted), ("found", wanted - left), ("currency", currency));
    }

    private static long TakeFromGrants(
        ImmutableArray<DepositDraw>.Builder draws,
        long left,
        string depositor,
        string currency,
        ImmutableArray<FundedAllowance> grants,
        AllowanceScopes scope,
        DateTimeOffset now)
    {
        // Several grants of one granter draw on one wallet.
        var wallets = new Dictionary<string, long>(StringComparer.Ordinal);
        long taken = 0;
        foreach (var (allowance, granterAvailable) in grants)
        {
            if (allowance.Grantee != depositor)
            {
                continue;
            }

            var wallet = wallets.GetValueOrDefault(allowance.Granter, granterAvailable);
            var amount = Take(draws, allowance.Granter, allowance.Id, Math.Min(left - taken, Math.Min(wallet, allowance.Usable(currency, scope, now))));
            wallets[allowance.Granter] = wallet - amount;
            taken += amount;
        }

        return taken;
    }

    private static long Take(ImmutableArray<DepositDraw>.Builder draws, string from, string? grantId, long amount)
    {
        if (amount <= 0)
        {
            return 0;
        }

        draws.Add(new DepositDraw(from, grantId, amount));
        return amount;
    }
}
