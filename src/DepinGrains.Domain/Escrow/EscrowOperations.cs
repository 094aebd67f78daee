using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Escrow;

namespace DepinGrains.Domain.Escrow;

/// <summary>Money put in, already taken from its source.</summary>
/// <param name="Depositor">Who gets the rest back.</param>
/// <param name="GrantId">The allowance drawn, or null for the depositor's own wallet.</param>
/// <param name="Source">The token this credit was minted from, or null.</param>
public readonly record struct DepositDraw(string Depositor, string? GrantId, long Amount, string? Source = null);

/// <summary>
/// Everything that can happen to an escrow account. Each operation first settles at its height; a height below the last settled one counts as that one
/// (silos' clocks differ by milliseconds). Money movements are whole minor units; a payout is truncated, the fraction stays with the payment until it closes.
/// </summary>
public static partial class EscrowOperations
{
    /// <summary>Opens an account with its first deposits, in the order they will be spent.</summary>
    /// <returns><c>escrow.no_deposit</c>, <c>escrow.amount_invalid</c>, <c>escrow.deposited_max</c>, <c>escrow.too_many_deposits</c>, <c>escrow.id_invalid</c>.</returns>
    public static Result<EscrowStep> Open(string id, string currency, string owner, long height, params ImmutableArray<DepositDraw> deposits)
    {
        if (!IsId(id) || !IsId(currency) || !IsId(owner))
        {
            return EscrowErrors.IdInvalid("id, currency or owner");
        }

        if (deposits.IsDefaultOrEmpty)
        {
            return EscrowErrors.NoDeposit();
        }

        var account = new EscrowAccount(id, currency, owner, EscrowStatus.Open, height, height, null, null, [], [], 0, 0, 0, 0);
        return AddDeposits(account, deposits);
    }

    /// <summary>Puts money in. A paused account resumes at <paramref name="height"/> as soon as one block of all its streams can be paid; no debt was made meanwhile.</summary>
    /// <returns><c>escrow.account_closed</c>, <c>escrow.currency_mismatch</c> and those of <see cref="Open"/>.</returns>
    public static Result<EscrowStep> Deposit(EscrowAccount account, long height, string currency, params ImmutableArray<DepositDraw> deposits)
    {
        if (account.Status == EscrowStatus.Closed)
        {
            return EscrowErrors.AccountClosed(account);
        }

        if (currency != account.Currency)
        {
            return EscrowErrors.CurrencyMismatch(account, currency);
        }

        var settled = EscrowSettlement.Settle(account, height);
        var added = AddDeposits(settled, deposits);
        return added.IsOk ? Finish(account, height, added.Value.Account, added.Value.Movements) : added;
    }

    /// <summary>
    /// Null when a deposit fits whatever entries it becomes of <paramref name="possible"/>, else <c>escrow.too_many_deposits</c>. Strangers fill no more than <see cref="EscrowLimits.SharedMax"/> entries.
    /// Asked before money moves: a deposit that was taken must fit.
    /// </summary>
    /// <param name="account">Null before it is opened.</param>
    public static Refusal? WhyNoRoom(EscrowAccount? account, long height, bool byOwner, ImmutableArray<DepositDraw> possible)
    {
        ImmutableArray<EscrowDeposit> held = account is null ? [] : EscrowSettlement.Settle(account, height).Deposits;
        var fresh = possible.Count(p => !held.Any(d => d.IsFrom(p.Depositor, p.GrantId, p.Source)));
        var most = held.Length + possible.Length <= EscrowLimits.SharedMax ? held.Length + possible.Length : Math.Max(held.Length, EscrowLimits.SharedMax) + fresh;
        var max = byOwner ? EscrowLimits.DepositsMax : EscrowLimits.SharedMax;
        return most <= max || fresh == 0 ? null : EscrowErrors.NoRoom(held.Length, max);
    }

    /// <summary>Settles; moves no money. <see cref="EscrowStep.RanOut"/> tells when the money is gone.</summary>
    public static EscrowStep Settle(EscrowAccount account, long height) =>
        Finish(account, height, EscrowSettlement.Settle(account, height), []);

    private static Result<EscrowStep> AddDeposits(EscrowAccount account, ImmutableArray<DepositDraw> draws)
    {
        var movements = ImmutableArray.CreateBuilder<EscrowMovement>(draws.Length);
        foreach (var draw in draws)
        {
            if (draw.Amount <= 0)
            {
                return EscrowErrors.AmountInvalid(draw.Amount);
            }

            if (!IsId(draw.Depositor) || (draw.GrantId is { } grant && !IsId(grant)))
            {
                return EscrowErrors.IdInvalid("depositor or grant");
            }

            if (draw.Amount > EscrowLimits.DepositedMax - account.Deposited)
            {
                return EscrowErrors.DepositedMax(account.Deposited, draw.Amount);
            }

            var deposits = Append(account.Deposits, draw);
            if (deposits.Length > EscrowLimits.DepositsMax)
            {
                return EscrowErrors.TooManyDeposits();
            }

            movements.Add(new EscrowMovement(account.MovementCount, EscrowMovementKind.Deposit, draw.Depositor, draw.Amount, null, draw.GrantId, draw.Source));
            account = account with { Deposits = deposits, Deposited = account.Deposited + draw.Amount, MovementCount = account.MovementCount + 1 };
        }

        return new EscrowStep(account, movements.DrainToImmutable(), false, false);
    }

    /// <summary>
    /// Neighbours from one source are one entry: the order of spending is the same. In a crowded account entries join over others too: this money is then spent a little earlier, at nobody's cost but its
    /// own depositor's, and strangers cannot keep the owner's money out by paying in between.
    /// </summary>
    private static ImmutableArray<EscrowDeposit> Append(ImmutableArray<EscrowDeposit> deposits, DepositDraw draw)
    {
        var reach = deposits.Length >= EscrowLimits.SharedMax ? deposits.Length : Math.Min(1, deposits.Length);
        for (var i = deposits.Length - 1; i >= deposits.Length - reach; i--)
        {
            if (deposits[i].IsFrom(draw.Depositor, draw.GrantId, draw.Source))
            {
                return deposits.SetItem(i, deposits[i] with { Left = deposits[i].Left + draw.Amount });
            }
        }

        return deposits.Add(new EscrowDeposit(draw.Depositor, draw.GrantId, draw.Amount, draw.Source));
    }

    /// <summary>Decides resuming, and names what changed since <paramref name="before"/>.</summary>
    private static EscrowStep Finish(EscrowAccount before, long height, EscrowAccount after, ImmutableArray<EscrowMovement> movements)
    {
        var ranOut = before.Status == EscrowStatus.Open && after.Status == EscrowStatus.Paused;
        // With every stream closed meanwhile, a deposit alone ends the pause: the next stream is checked against it when it opens.
        var idleDeposit = after.RatePerBlock == Rate.Zero && movements.Any(static m => m.Kind == EscrowMovementKind.Deposit);
        if (after.Status == EscrowStatus.Paused && after.Streamable.Atoms >= after.RatePerBlock.Atoms && (after.RatePerBlock != Rate.Zero || idleDeposit))
        {
            after = after with { Status = EscrowStatus.Open, PausedAt = null, SettledAt = Math.Max(height, after.SettledAt) };
        }

        var resumed = before.Status == EscrowStatus.Paused && after.Status == EscrowStatus.Open;
        return new EscrowStep(after, movements, ranOut && after.Status == EscrowStatus.Paused, resumed);
    }

    private static bool IsId(string text) => text is { Length: > 0 and <= EscrowLimits.IdLengthMax };
}
