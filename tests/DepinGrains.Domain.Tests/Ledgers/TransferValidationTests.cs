using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;

namespace DepinGrains.Domain.Tests.Ledgers;

public class TransferValidationTests
{
    private static readonly ImmutableArray<Leg> Good = [new("a", -5), new("b", 5)];

    public static TheoryData<string, Transfer?> Malformed()
    {
        var data = new TheoryData<string, Transfer?>
        {
            { "ledger.bad_id", null },
            { "ledger.bad_id", new Transfer(null!, TransferKind.Post, Good) },
            { "ledger.bad_id", new Transfer("", TransferKind.Post, Good) },
            { "ledger.bad_id", new Transfer(new string('x', 129), TransferKind.Post, Good) },
            { "ledger.bad_id", new Transfer("a\0b", TransferKind.Post, Good) },
            { "ledger.bad_id", new Transfer("a b", TransferKind.Post, Good) },
            { "ledger.bad_id", new Transfer("é", TransferKind.Post, Good) },
            { "ledger.bad_kind", new Transfer("t", (TransferKind)5, Good) },
            { "ledger.bad_kind", new Transfer("t", (TransferKind)(-1), Good) },
            { "ledger.bad_shape", new Transfer("t", TransferKind.Post, default) },
            { "ledger.leg_count", new Transfer("t", TransferKind.Post, []) },
            { "ledger.leg_count", new Transfer("t", TransferKind.Post, [new("a", 1)]) },
            { "ledger.leg_count", new Transfer("t", TransferKind.Post, [.. Enumerable.Range(0, 65).Select(i => new Leg($"a{i}", 1))]) },
            { "ledger.unbalanced", new Transfer("t", TransferKind.Post, [new("a", -5), new("b", 4)]) },
            { "ledger.unbalanced", new Transfer("t", TransferKind.Post, [new("a", LedgerLimits.AmountMax), new("b", LedgerLimits.AmountMax), new("c", LedgerLimits.AmountMax), new("d", LedgerLimits.AmountMax)]) },
            { "ledger.bad_amount", new Transfer("t", TransferKind.Post, [new("a", 0), new("b", 0)]) },
            { "ledger.bad_amount", new Transfer("t", TransferKind.Post, [new("a", long.MinValue), new("b", long.MinValue)]) },
            { "ledger.bad_amount", new Transfer("t", TransferKind.Hold, [new("a", 5)]) },
            { "ledger.bad_account", new Transfer("t", TransferKind.Post, [new(null!, -5), new("b", 5)]) },
            { "ledger.bad_account", new Transfer("t", TransferKind.Post, [new("a\ud800", -5), new("b", 5)]) },
            { "ledger.self_transfer", new Transfer("t", TransferKind.Post, [new("a", -5), new("a", 5)]) },
            { "ledger.duplicate_account", new Transfer("t", TransferKind.Post, [new("a", -5), new("b", 4), new("a", 1)]) },
            { "ledger.bad_memo", new Transfer("t", TransferKind.Post, Good, Memo: new string('m', 201)) },
            { "ledger.bad_memo", new Transfer("t", TransferKind.Post, Good, Memo: "a\0") },
            { "ledger.bad_memo", new Transfer("t", TransferKind.Post, Good, Memo: "\udc00\ud800") },
            { "ledger.bad_memo", new Transfer("t", TransferKind.Post, Good, Memo: null!) },
            { "ledger.bad_shape", new Transfer("t", TransferKind.Post, Good, HoldId: "h") },
            { "ledger.bad_shape", new Transfer("t", TransferKind.Post, Good, CloseHold: true) },
            { "ledger.bad_shape", new Transfer("t", TransferKind.Post, Good, ExpiresAt: DateTimeOffset.MaxValue) },
            { "ledger.bad_shape", new Transfer("t", TransferKind.Capture, [new("a", 5)]) },
            { "ledger.bad_shape", new Transfer("t", TransferKind.Release, [], HoldId: "\0") },
            { "ledger.bad_shape", new Transfer("t", TransferKind.TopUpHold, [new("a", -5)]) },
            { "ledger.leg_count", new Transfer("t", TransferKind.Capture, [], HoldId: "h") },
            { "ledger.leg_count", new Transfer("t", TransferKind.Release, [new("a", 5)], HoldId: "h") },
            { "ledger.bad_amount", new Transfer("t", TransferKind.Capture, [new("a", -5)], HoldId: "h") },
            { "ledger.bad_amount", new Transfer("t", TransferKind.Capture, [new("a", LedgerLimits.AmountMax), new("b", 1)], HoldId: "h") },
        };
        return data;
    }

    [Theory]
    [MemberData(nameof(Malformed), DisableDiscoveryEnumeration = true)]
    public void Malformed_requests_are_refused_by_rule(string code, Transfer? transfer)
    {
        Assert.Equal(code, TransferValidation.Check(transfer)?.Code);
        // The book says the same and writes nothing.
        var book = new LedgerBook(1);
        Assert.Equal(code, book.Execute(transfer!, BookHarness.Start).Refusal?.Code);
        Assert.Null(book.Seal());
    }

    [Fact]
    public void Limits_themselves_are_allowed()
    {
        var name = new string('x', 128);
        ImmutableArray<Leg> legs = [.. Enumerable.Range(1, 63).Select(i => new Leg($"a{i}", 1)), new Leg(LedgerAccounts.Issuance, -63)];
        Assert.Null(TransferValidation.Check(new Transfer(name, TransferKind.Post, legs, Memo: string.Concat(Enumerable.Repeat("😀", 100)))));
    }

    [Fact]
    public void The_largest_operation_fits_its_bound()
    {
        string Name(int i) => i.ToString("D3", System.Globalization.CultureInfo.InvariantCulture) + new string('x', 125);
        ImmutableArray<Leg> legs = [.. Enumerable.Range(1, 63).Select(i => new Leg(Name(i), LedgerLimits.AmountMax / 64)), new Leg(LedgerAccounts.Issuance, -63 * (LedgerLimits.AmountMax / 64))];
        var book = new LedgerBook(1);
        Assert.Null(book.Execute(new Transfer(Name(0), TransferKind.Post, legs, Memo: new string('€', 200)), BookHarness.Start).Refusal);
        var batch = book.Seal()!;
        Assert.InRange(batch.Payload.Length, 8_000, 16 * 1024);
        new LedgerBook(2).Replay(1, batch.Payload, 0);
    }
}
