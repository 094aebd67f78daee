using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Rows;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

internal sealed partial class PgRowWriter
{
    /// <summary>What <see cref="PgTableSql.InsertAll"/> and <see cref="PgTableSql.UpdateAll"/> fail with: division by zero.</summary>
    private const string NotAll = "22012";

    /// <summary>
    /// Everything and the commit in one round trip, with statements that undo the transaction unless every root was written: the newest event's position, 0 without events, or null when
    /// some root stands elsewhere and nothing was written. Not for what may already be committed: that has to be judged root by root.
    /// </summary>
    private async Task<long?> AtOnceAsync(NpgsqlConnection connection, List<RootGroup> groups, List<RowsItem> items)
    {
        if (items.Exists(static i => i.Ambiguous))
        {
            return null;
        }

        var all = new NpgsqlBatch(connection);
        await using var asBatch = all.ConfigureAwait(false);
        all.BatchCommands.Add(Command("BEGIN"));
        foreach (var group in groups)
        {
            all.BatchCommands.Add(Roots(group, group.First ? Sql(group.Table).InsertAll : Sql(group.Table).UpdateAll));
        }

        AddChildren(all, items);
        AddOperations(all, items);
        var events = AddEvents(all, items);
        all.BatchCommands.Add(Command("COMMIT"));
        CommitSent = true;
        try
        {
            var newest = await RunAsync(all, groups.Count, events).ConfigureAwait(false);
            items.ForEach(static item => item.Decided = new CommitOutcome(CommitStatus.Committed, item.NewVersion, null));
            return newest;
        }
        catch (PostgresException problem) when (problem.SqlState == NotAll)
        {
            CommitSent = false;
            var undo = new NpgsqlCommand("ROLLBACK", connection);
            await using var asUndo = undo.ConfigureAwait(false);
            await undo.ExecuteNonQueryAsync().ConfigureAwait(false);
            return null;
        }
    }

    private static async Task<long> RunAsync(NpgsqlBatch all, int groups, bool events)
    {
        var reader = await all.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        for (var group = 0; group < groups; group++)
        {
            // Each group answers with a row of its own; the first is where the reader stands.
            await reader.NextResultAsync().ConfigureAwait(false);
        }

        return await NewestAsync(reader, events).ConfigureAwait(false);
    }
}
