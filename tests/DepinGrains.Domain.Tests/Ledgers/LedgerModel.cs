using DepinGrains.Contracts.Ledgers;

namespace DepinGrains.Domain.Tests.Ledgers;

/// <summary>The ledger as a person would write it on a page: dictionaries, one operation after the other. What the book must agree with.</summary>
internal sealed class LedgerModel
{
    private readonly Dictionary<string, (Transfer Body, string? Code, long Left)> _answers = [];

    public Dictionary<string, long> Posted { get; } = [];

    public Dictionary<string, (string Account, long Left, DateTimeOffset? Expires)> Holds { get; } = [];

    public Dictionary<string, int> Applied { get; } = [];

    public int Answers => _answers.Count;

    public long Held(string account) => Holds.Values.Where(hold => hold.Account == account).Sum(hold => hold.Left);

    public long Owned(string account) => Posted.GetValueOrDefault(account);

    public (string? Code, long Left) Do(Transfer transfer, DateTimeOffset batchTime)
    {
        foreach (var (id, _) in Holds.Where(hold => hold.Value.Expires <= batchTime).ToArray())
        {
            Holds.Remove(id);
        }

        if (_answers.TryGetValue(transfer.Id, out var first))
        {
            return Same(first.Body, transfer) ? (first.Code, first.Left) : ("ledger.id_reused", 0);
        }

        var (code, left) = Decide(transfer, batchTime);
        _answers[transfer.Id] = (transfer, code, left);
        return (code, left);
    }

    private (string? Code, long Left) Decide(Transfer t, DateTimeOffset now)
    {
        switch (t.Kind)
        {
            case TransferKind.Post:
                if (t.Legs.Any(leg => leg.Amount < 0 && !MaySpend(leg.Account, -leg.Amount)))
                {
                    return ("ledger.insufficient_funds", 0);
                }

                Move(t.Id, t.Legs);
                return (null, 0);
            case TransferKind.Hold:
                if (t.ExpiresAt <= now)
                {
                    return ("ledger.expiry_passed", 0);
                }

                if (!MaySpend(t.Legs[0].Account, -t.Legs[0].Amount))
                {
                    return ("ledger.insufficient_funds", 0);
                }

                Holds[t.Id] = (t.Legs[0].Account, -t.Legs[0].Amount, t.ExpiresAt);
                return (null, -t.Legs[0].Amount);
        }

        if (!Holds.TryGetValue(t.HoldId!, out var hold))
        {
            return ("ledger.unknown_hold", 0);
        }

        switch (t.Kind)
        {
            case TransferKind.TopUpHold when hold.Account != t.Legs[0].Account:
                return ("ledger.hold_of_other_account", 0);
            case TransferKind.TopUpHold when !MaySpend(hold.Account, -t.Legs[0].Amount):
                return ("ledger.insufficient_funds", 0);
            case TransferKind.TopUpHold:
                Holds[t.HoldId!] = hold with { Left = hold.Left - t.Legs[0].Amount };
                return (null, hold.Left - t.Legs[0].Amount);
            case TransferKind.Release:
                Holds.Remove(t.HoldId!);
                return (null, 0);
        }

        var sum = t.Legs.Sum(leg => leg.Amount);
        if (t.Legs.Any(leg => leg.Account == hold.Account))
        {
            return ("ledger.self_transfer", 0);
        }

        if (sum > hold.Left)
        {
            return ("ledger.hold_exceeded", 0);
        }

        Move(t.Id, [.. t.Legs, new Leg(hold.Account, -sum)]);
        if (t.CloseHold)
        {
            Holds.Remove(t.HoldId!);
            return (null, 0);
        }

        Holds[t.HoldId!] = hold with { Left = hold.Left - sum };
        return (null, hold.Left - sum);
    }

    private bool MaySpend(string account, long amount) => account == LedgerAccounts.Issuance || Owned(account) - Held(account) >= amount;

    private void Move(string id, IEnumerable<Leg> legs)
    {
        Applied[id] = Applied.GetValueOrDefault(id) + 1;
        foreach (var leg in legs)
        {
            Posted[leg.Account] = Owned(leg.Account) + leg.Amount;
        }
    }

    private static bool Same(Transfer a, Transfer b) =>
        (a.Kind, a.HoldId, a.CloseHold, a.ExpiresAt, a.Memo) == (b.Kind, b.HoldId, b.CloseHold, b.ExpiresAt, b.Memo) && a.Legs.SequenceEqual(b.Legs);
}
