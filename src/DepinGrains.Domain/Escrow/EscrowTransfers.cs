using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Escrow;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Domain.Escrow;

/// <summary>Turns the movements of one operation into one ledger transfer, all or nothing.</summary>
public static class EscrowTransfers
{
    /// <summary>The id of the transfer that starts with movement <paramref name="ordinal"/> of an escrow account: <c>escrow/{id}/{ordinal}</c>.</summary>
    public static string TransferId(string escrowId, long ordinal) => string.Create(CultureInfo.InvariantCulture, $"escrow/{escrowId}/{ordinal}");

    /// <summary>
    /// A <see cref="TransferKind.Post"/> with one leg for the escrow account and one per other account, or null when nothing moves. Its id is derived from the first
    /// movement, so that asking again gives the same transfer. Legs of one account are summed, in order of first use.
    /// </summary>
    /// <param name="source">Only movements of this source, for the ledger that follows it; null: all, for the ledger of the money itself.</param>
    public static Transfer? ToTransfer(string escrowId, ImmutableArray<EscrowMovement> movements, string memo = "", string? source = null)
    {
        if (source is not null && !movements.IsDefaultOrEmpty)
        {
            movements = [.. movements.Where(m => m.Source == source)];
        }

        if (movements.IsDefaultOrEmpty)
        {
            return null;
        }

        var order = new List<string>();
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var movement in movements)
        {
            var into = movement.Kind == EscrowMovementKind.Deposit;
            Add(LedgerAccounts.Escrow(escrowId), into ? movement.Amount : -movement.Amount);
            Add(AccountOf(movement), into ? -movement.Amount : movement.Amount);
        }

        return new Transfer(TransferId(escrowId, movements[0].Ordinal), TransferKind.Post, [.. order.Where(a => sums[a] != 0).Select(a => new Leg(a, sums[a]))], Memo: memo);

        void Add(string account, long amount)
        {
            if (!sums.TryGetValue(account, out var sum))
            {
                order.Add(account);
            }

            sums[account] = checked(sum + amount);
        }
    }

    /// <summary>
    /// The same movement in transfers a ledger takes: at most <see cref="LedgerLimits.LegsMax"/> legs each, the escrow account's among them, ids <c>{id}/{n}</c>. One that is small enough stays as it is.
    /// Every part pays out of what the account holds, so no order of them can fail.
    /// </summary>
    public static ImmutableArray<Transfer> Split(string escrowId, Transfer transfer)
    {
        if (transfer.Legs.Length <= LedgerLimits.LegsMax)
        {
            return [transfer];
        }

        var escrow = LedgerAccounts.Escrow(escrowId);
        return [.. transfer.Legs.Where(l => l.Account != escrow).Chunk(LedgerLimits.LegsMax - 1).Select((legs, n) => transfer with
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{transfer.Id}/{n}"),
            Legs = [new Leg(escrow, -legs.Aggregate(0L, static (sum, l) => checked(sum + l.Amount))), .. legs],
        })];
    }

    private static string AccountOf(EscrowMovement movement) =>
        movement.Kind == EscrowMovementKind.Fee ? LedgerAccounts.CommunityPool : LedgerAccounts.Wallet(movement.Party);
}
