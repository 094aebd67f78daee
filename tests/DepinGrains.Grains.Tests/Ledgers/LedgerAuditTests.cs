using DepinGrains.Contracts.Ledgers;
using static DepinGrains.Grains.Tests.Ledgers.Ops;

namespace DepinGrains.Grains.Tests.Ledgers;

/// <summary>An audit reads the whole journal: however many ask, it is not read more often than the ledger moved.</summary>
public sealed class LedgerAuditTests
{
    private readonly ScriptedJournal _journal = new(new MemoryJournal());

    [Fact]
    public async Task Many_audits_of_a_ledger_that_stands_replay_the_journal_once()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        var before = _journal.Replays;
        var audits = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ledger.AuditAsync()));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(audits[0], await ledger.AuditAsync());
        }

        Assert.All(audits, static audit => Assert.True(audit.IsClean));
        Assert.Equal(before + 1, _journal.Replays);

        // It moved: the next one sees that.
        await ledger.ExecuteAsync(Post("t", "a", "b", 40));
        var moved = await ledger.AuditAsync();
        Assert.Equal((before + 2, 2L), (_journal.Replays, moved.Transfers));
        Assert.True(moved.Sequence > audits[0].Sequence);
    }

    [Fact]
    public async Task Between_two_audits_is_a_pause_of_three_times_what_the_last_one_took()
    {
        await using var cluster = await LedgerCluster.StartAsync(_journal, static options => options.AuditKeep = TimeSpan.Zero);
        var ledger = cluster.Ledger();
        await ledger.ExecuteAsync(Mint("m", "a", 100));
        var (journalTakes, read, begun) = (TimeSpan.FromMilliseconds(300), new List<long>(), new List<long>());
        _journal.OnReplay = async () =>
        {
            begun.Add(TimeProvider.System.GetTimestamp());
            await Task.Delay(journalTakes);
            read.Add(TimeProvider.System.GetTimestamp());
        };
        await ledger.AuditAsync();
        await ledger.AuditAsync();
        Assert.True(TimeProvider.System.GetElapsedTime(read[0], begun[1]) >= (journalTakes * 3) - TimeSpan.FromMilliseconds(50), $"the second began {TimeProvider.System.GetElapsedTime(read[0], begun[1])} after the first had read all");
    }
}
