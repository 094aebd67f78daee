using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Domain.Emissions;

/// <summary>A payment of an epoch: rao to a ledger account.</summary>
public readonly record struct EpochPayment(string Account, long Amount);

/// <summary>
/// All that an epoch pays as ledger transfers with ids from (netuid, epoch): the same input makes the same transfers, so the epoch is paid once however often it is tried. What the payments leave of the draw
/// (rounding, hotkeys without emission) goes back to unissued. A transfer has at most <see cref="LedgerLimits.LegsMax"/> legs, so an epoch is several, in one call of the ledger.
/// </summary>
public static class EpochPayments
{
    /// <summary>Id of one of an epoch's transfers.</summary>
    public static string IdOf(int netuid, long epoch, int part) => string.Create(CultureInfo.InvariantCulture, $"epoch/{netuid}/{epoch}/{part}");

    /// <summary>The transfers; empty when nothing was drawn.</summary>
    /// <param name="draw">What may be paid.</param>
    /// <param name="payments">To whom, in a fixed order; several to one account are added up, zeros left out. Their sum must not exceed the draw.</param>
    public static ImmutableArray<Transfer> Of(EmissionDraw draw, IEnumerable<EpochPayment> payments)
    {
        ArgumentNullException.ThrowIfNull(draw);
        ArgumentNullException.ThrowIfNull(payments);
        var (legs, left) = Sum(payments, checked(draw.Owner + draw.Queued));
        if (left > 0)
        {
            legs.Add(new Leg(LedgerAccounts.Issuance, left));
        }

        var transfers = ImmutableArray.CreateBuilder<Transfer>();
        foreach (var part in legs.Chunk(LedgerLimits.LegsMax - 1))
        {
            var debit = new Leg(EmissionAccounts.Pending(draw.Netuid), -part.Sum(static l => l.Amount));
            transfers.Add(new Transfer(
                IdOf(draw.Netuid, draw.Epoch, transfers.Count), TransferKind.Post, [debit, .. part], Memo: string.Create(CultureInfo.InvariantCulture, $"subnet {draw.Netuid}, epoch {draw.Epoch}")));
        }

        return transfers.DrainToImmutable();
    }

    private static (List<Leg> Legs, long Left) Sum(IEnumerable<EpochPayment> payments, long left)
    {
        var (legs, places) = (new List<Leg>(), new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (var (account, amount) in payments)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(amount, nameof(payments));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(amount, left, nameof(payments));
            left -= amount;
            if (amount > 0 && places.TryGetValue(account, out var at))
            {
                legs[at] = legs[at] with { Amount = legs[at].Amount + amount };
            }
            else if (amount > 0)
            {
                places.Add(account, legs.Count);
                legs.Add(new Leg(account, amount));
            }
        }

        return (legs, left);
    }
}
