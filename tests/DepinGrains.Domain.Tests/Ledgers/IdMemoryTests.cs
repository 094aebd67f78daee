using System.Globalization;
using DepinGrains.Domain.Ledgers;
using static DepinGrains.Domain.Tests.Ledgers.BookHarness;

namespace DepinGrains.Domain.Tests.Ledgers;

public class IdMemoryTests
{
    [Fact]
    public void The_filter_forgets_no_id_and_rarely_asks_for_a_new_one()
    {
        const int Ids = 300_000;
        var book = new LedgerBook(99);
        book.Execute(Post("m", "issuance", "a", Ids), Start);
        for (var i = 0; i < Ids; i++)
        {
            book.Execute(Post(Id(i), "a", "b", 1), Start);
            if (i % 1000 == 999)
            {
                book.EvictThrough(book.Seal()!.Sequence);
            }
        }

        Assert.Equal(0, book.TailTransfers);
        for (var i = 0; i < Ids; i++)
        {
            Assert.True(book.MayBeStored(Id(i)));
        }

        var alarms = 0;
        for (var i = Ids; i < 2 * Ids; i++)
        {
            alarms += book.MayBeStored(Id(i)) ? 1 : 0;
        }

        Assert.InRange(alarms, 0, Ids / 1000);
        var copy = LedgerBook.Load(book.Snapshot());
        Assert.True(copy.MayBeStored(Id(7)));
    }

    [Fact]
    public void A_full_filter_asks_more_often_but_still_forgets_nothing()
    {
        var book = new LedgerBook(99, filterBytesMax: 1);
        book.Execute(Post("m", "issuance", "a", 1_000_000), Start);
        for (var i = 0; i < 200_000; i++)
        {
            book.Execute(Post(Id(i), "a", "b", 1), Start);
        }

        book.EvictThrough(book.Seal()!.Sequence);
        Assert.All(Enumerable.Range(0, 200_000), i => Assert.True(book.MayBeStored(Id(i))));
    }

    [Fact]
    public void Ids_and_entries_leave_memory_batch_by_batch_in_any_rhythm()
    {
        var book = new LedgerBook(5);
        book.Execute(Post("m", "issuance", "a", 1_000_000), Start);
        var sealedThrough = book.Seal()!.Sequence;
        for (var i = 0; i < 50_000; i++)
        {
            book.Execute(Post(Id(i), "a", "b", 1), Start);
            if (i % 7 == 0)
            {
                sealedThrough = book.Seal()!.Sequence;
            }

            if (i % 3000 == 2999)
            {
                book.EvictThrough(sealedThrough - (i % 11));
                Assert.Equal(i + 2, book.Transfers);
                // The newest are still answered from memory, with no look-up.
                Assert.Equal("ledger.id_reused", book.Execute(Post(Id(i), "a", "b", 2), Start).Refusal?.Code);
                Assert.Equal(i + 2, book.TailLines("a", null, 1)[0].EntrySequence);
            }
        }
    }

    private static string Id(int i) => "transfer/" + i.ToString(CultureInfo.InvariantCulture);
}
