using System.Collections.Immutable;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Ledgers;
using static DepinGrains.Domain.Tests.Ledgers.BookHarness;

namespace DepinGrains.Domain.Tests.Ledgers;

public class LedgerBookTests
{
    private readonly BookHarness _h = new();

    [Fact]
    public void Post_moves_money_and_supply_is_minus_issuance()
    {
        _h.Mint("wallet/a", 100);
        Assert.Null(_h.Code(Post("t1", "wallet/a", "wallet/b", 30, "rent")));
        Assert.Equal((70, 30, 100), (_h.Book.Balance("wallet/a").Posted, _h.Book.Balance("wallet/b").Posted, _h.Book.Supply));
        Assert.Empty(_h.Book.Check());
    }

    [Fact]
    public void Only_issuance_goes_below_zero()
    {
        _h.Mint("a", 10);
        var refusal = _h.Do(Post("t1", "a", "b", 11)).Refusal!;
        Assert.Equal("ledger.insufficient_funds", refusal.Code);
        Assert.Equal("a has 10 available and needs 11", refusal.Detail);
        Assert.Equal(["a", "10", "11"], refusal.Facts.Select(fact => fact.Value));
        Assert.Equal("ledger.insufficient_funds", _h.Code(Post("t2", "nobody", "b", 1)));
        Assert.Equal(0, _h.Book.Balance("b").Posted);
    }

    [Fact]
    public void All_legs_or_none()
    {
        _h.Mint("a", 10).Mint("b", 5);
        Assert.Equal("ledger.insufficient_funds", _h.Code(new Transfer("t", TransferKind.Post, [new("a", -10), new("b", -6), new("c", 16)])));
        Assert.Equal((10, 5, 0), (_h.Book.Balance("a").Posted, _h.Book.Balance("b").Posted, _h.Book.Balance("c").Posted));
        Assert.Null(_h.Code(new Transfer("u", TransferKind.Post, [new("a", -10), new("b", -5), new("c", 15)])));
        Assert.Equal(15, _h.Book.Balance("c").Posted);
    }

    [Fact]
    public void Same_id_same_body_gets_the_first_answer_and_moves_nothing()
    {
        _h.Mint("a", 10);
        var first = _h.Do(Post("t", "a", "b", 4));
        _h.Seal();
        _h.Now += TimeSpan.FromHours(1);
        Assert.Equal(first, _h.Do(Post("t", "a", "b", 4)));
        Assert.Equal(4, _h.Book.Balance("b").Posted);
        Assert.Equal("ledger.id_reused", _h.Code(Post("t", "a", "b", 5)));
        Assert.Equal("ledger.id_reused", _h.Code(Post("t", "a", "b", 4, "memo")));
        Assert.Equal("ledger.id_reused", _h.Code(Hold("t", "a", 4)));
    }

    [Fact]
    public void Refusals_are_remembered_too()
    {
        var first = _h.Do(Post("t", "a", "b", 4));
        _h.Mint("a", 100);
        var again = _h.Do(Post("t", "a", "b", 4));
        Assert.Equal("ledger.insufficient_funds", first.Refusal!.Code);
        Assert.Equal((first.Refusal.Code, first.Refusal.Detail, first.Sequence), (again.Refusal!.Code, again.Refusal.Detail, again.Sequence));
        Assert.Equal(first.Refusal.Facts, again.Refusal.Facts);
        Assert.Equal(0, _h.Book.Balance("b").Posted);
    }

    [Fact]
    public void A_malformed_request_names_no_operation()
    {
        _h.Mint("a", 100);
        Assert.Equal("ledger.unbalanced", _h.Code(new Transfer("t", TransferKind.Post, [new("a", -5), new("b", 4)])));
        Assert.Null(_h.Code(Post("t", "a", "b", 5)));
    }

    [Fact]
    public void An_id_that_left_memory_is_looked_up_and_answered_from_storage()
    {
        _h.Mint("a", 10);
        var first = _h.Do(Post("t", "a", "b", 4));
        _h.Seal();
        _h.Book.EvictThrough(1);
        Assert.Equal(0, _h.Book.TailTransfers);
        Assert.True(_h.Do(Post("t", "a", "b", 4)).NeedsLookup);
        Assert.True(_h.Book.MayBeStored("t"));
        var reader = new BatchReader(_h.Journal[0].Payload.Span);
        reader.Next();
        reader.Next();
        var stored = new StoredId(true, reader.Fingerprint.ToArray(), new RememberedAnswer(null, first.Sequence, first.Ticks, 0).Encode());
        Assert.Equal(first, _h.Do(Post("t", "a", "b", 4), stored));
        Assert.Equal("ledger.id_reused", _h.Do(Post("t", "a", "b", 3), stored).Refusal!.Code);
        // Storage says it holds none: a false alarm of the filter, decided as new.
        Assert.Null(_h.Do(Post("u", "a", "b", 1), new StoredId(false, default, default)).Refusal);
    }

    [Fact]
    public void Hold_sets_aside_capture_moves_and_close_gives_back()
    {
        _h.Mint("a", 100);
        Assert.Equal(60, _h.Do(Hold("h", "a", 60)).HeldLeft);
        Assert.Equal((100, 60, 40), (_h.Book.Balance("a").Posted, _h.Book.Balance("a").Held, _h.Book.Balance("a").Available));
        Assert.Equal("ledger.insufficient_funds", _h.Code(Post("t", "a", "b", 41)));
        Assert.Equal(35, _h.Do(Capture("c1", "h", false, new Leg("b", 20), new Leg("fee", 5))).HeldLeft);
        Assert.Equal("ledger.hold_exceeded", _h.Code(Capture("c2", "h", false, new Leg("b", 36))));
        Assert.Equal(45, _h.Do(TopUp("u", "h", "a", 10)).HeldLeft);
        Assert.Equal(0, _h.Do(Capture("c3", "h", true, new Leg("b", 40))).HeldLeft);
        Assert.Null(_h.Book.FindHold("h"));
        Assert.Equal((35, 0, 60, 5), (_h.Book.Balance("a").Posted, _h.Book.Balance("a").Held, _h.Book.Balance("b").Posted, _h.Book.Balance("fee").Posted));
        Assert.Equal("ledger.unknown_hold", _h.Code(Release("r", "h")));
        Assert.Empty(_h.Book.Check());
    }

    [Fact]
    public void A_drained_hold_stays_open_for_a_top_up()
    {
        _h.Mint("a", 100);
        _h.Do(Hold("h", "a", 10));
        Assert.Equal(0, _h.Do(Capture("c", "h", false, new Leg("b", 10))).HeldLeft);
        Assert.Equal(0, _h.Book.FindHold("h")!.Left);
        Assert.Equal(7, _h.Do(TopUp("u", "h", "a", 7)).HeldLeft);
        Assert.Equal(0, _h.Do(Release("r", "h")).HeldLeft);
        Assert.Equal((90, 0), (_h.Book.Balance("a").Posted, _h.Book.Balance("a").Held));
    }

    [Fact]
    public void Capture_to_the_held_account_and_top_up_from_another_are_refused()
    {
        _h.Mint("a", 100).Mint("b", 100);
        _h.Do(Hold("h", "a", 10));
        Assert.Equal("ledger.self_transfer", _h.Code(Capture("c", "h", false, new Leg("a", 5))));
        Assert.Equal("ledger.hold_of_other_account", _h.Code(TopUp("u", "h", "b", 5)));
    }

    [Fact]
    public void A_hold_ends_at_its_time_in_the_batch_that_notices()
    {
        _h.Mint("a", 100);
        _h.Do(Hold("h2", "a", 20, Start.AddMinutes(2)));
        _h.Do(Hold("h1", "a", 30, Start.AddMinutes(1)));
        _h.Do(Hold("h0", "a", 1));
        _h.Seal();
        Assert.False(_h.Book.ExpireDue(Start.AddSeconds(59)));
        Assert.Equal(Start.AddMinutes(1), _h.Book.NextExpiry);
        _h.Now = Start.AddMinutes(1);
        // The capture comes too late, by the batch's time; the other hold is untouched.
        Assert.Equal("ledger.unknown_hold", _h.Code(Capture("c", "h1", false, new Leg("b", 1))));
        Assert.Equal(21, _h.Book.Balance("a").Held);
        _h.Seal();
        Assert.True(_h.Book.ExpireDue(Start.AddYears(1)));
        _h.Seal();
        Assert.Equal(1, _h.Book.Balance("a").Held);
        Assert.Null(_h.Book.NextExpiry);
        Assert.Equal("ledger.expiry_passed", _h.Code(Hold("late", "a", 1, Start)));
        _h.Seal();
        Assert.Empty(_h.Replayed().Compare(_h.Book.Columns()));
        Assert.Equal(1, _h.Replayed().OpenHolds);
    }

    [Fact]
    public void Time_never_runs_backwards_in_the_journal()
    {
        _h.Mint("a", 1);
        _h.Seal();
        _h.Now = Start.AddDays(-1);
        _h.Mint("a", 1);
        _h.Seal();
        Assert.Equal([Start, Start], _h.Journal.Select(batch => batch.At));
    }

    [Fact]
    public void Balances_are_bounded()
    {
        _h.Mint("a", LedgerLimits.AmountMax);
        Assert.Equal("ledger.overflow", _h.Code(Post("t", LedgerAccounts.Issuance, "b", 1)));
        _h.Do(Post("back", "a", LedgerAccounts.Issuance, LedgerLimits.AmountMax));
        Assert.Null(_h.Code(Hold("h1", LedgerAccounts.Issuance, LedgerLimits.AmountMax)));
        Assert.Equal("ledger.overflow", _h.Code(Hold("h2", LedgerAccounts.Issuance, 1)));
    }

    [Fact]
    public void Statement_lines_come_newest_first_and_stop_where_memory_does()
    {
        _h.Mint("a", 100);
        for (var i = 0; i < 5; i++)
        {
            _h.Do(Post($"t{i}", "a", "b", 10 + i, $"memo {i}"));
            if (i == 2)
            {
                _h.Seal();
            }
        }

        var lines = _h.Book.TailLines("a", null, 10);
        Assert.Equal([6, 5, 4, 3, 2, 1], lines.Select(line => line.EntrySequence));
        Assert.Equal(("t4", -14L, 40L, "memo 4", TransferKind.Post), (lines[0].TransferId, lines[0].Delta, lines[0].BalanceAfter, lines[0].Memo, lines[0].Kind));
        Assert.Equal([3, 2], _h.Book.TailLines("a", 4, 2).Select(line => line.EntrySequence));
        _h.Book.EvictThrough(1);
        Assert.Equal([6, 5], _h.Book.TailLines("a", null, 10).Select(line => line.EntrySequence));
        Assert.Empty(_h.Book.TailLines("nobody", null, 10));
    }

    [Fact]
    public void Replay_refuses_a_journal_that_was_tampered_with()
    {
        _h.Mint("a", 100);
        _h.Seal();
        _h.Do(Post("t", "a", "b", 10));
        _h.Seal();
        var bytes = _h.Journal[1].Payload.ToArray();
        bytes[40] ^= 1;
        var book = new LedgerBook(1);
        Assert.Throws<LedgerCorruptException>(() => book.Replay(2, _h.Journal[1].Payload, 0));
        book.Replay(1, _h.Journal[0].Payload, 0);
        Assert.Throws<LedgerCorruptException>(() => book.Replay(2, bytes, 0));
        Assert.Throws<LedgerCorruptException>(() => book.Replay(2, _h.Journal[1].Payload[..20], 0));
        Assert.Throws<LedgerCorruptException>(() => book.Replay(2, _h.Journal[0].Payload, 0));
        Assert.Throws<LedgerCorruptException>(() => LedgerBook.Load(_h.Book.Snapshot().AsSpan(0, 30)));
        book.Replay(2, _h.Journal[1].Payload, 0);
        Assert.Equal(10, book.Balance("b").Posted);
    }

    [Fact]
    public void A_batch_of_another_history_is_refused()
    {
        var other = new BookHarness();
        other.Mint("a", 100);
        other.Seal();
        _h.Mint("a", 101);
        _h.Seal();
        other.Mint("a", 1);
        other.Seal();
        Assert.Throws<LedgerCorruptException>(() => _h.Book.Replay(2, other.Journal[1].Payload, 0));
    }
}
