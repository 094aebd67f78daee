using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Writes a batch of change sets in one round trip when every root stands where its writer thinks, which is nearly always (<see cref="AtOnceAsync"/>). Otherwise in two: the roots, set by
/// set, which says who won; then everything the winners carry, and the commit. A root of an ambiguous
/// earlier try that stands at our version under our write id has won already. Set-based inserts and updates wait for a transaction of the lost connection that is still at
/// work on the same rows, so executing again never overtakes it.
/// </summary>
internal sealed partial class PgRowWriter(PgConnections connections, TableCatalog catalog, EventSignal signal, PgEventNotifier notifier, TimeProvider time) : PgWriter(connections)
{
    /// <summary>Serialises the assignment of event positions across processes until the commit is visible: a position once seen has no younger sibling below it.</summary>
    internal const long EventLock = 0x6465_7069_6E01;

    private readonly ImmutableArray<PgTableSql> _sql = [.. catalog.All.Select(t => new PgTableSql(t))];
    private NpgsqlConnection? _asked;
    private bool _writesSets;

    public PgTableSql Sql(Table table) => _sql[table.Number];

    protected override async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<CommitItem> batch)
    {
        if (_asked != connection)
        {
            _writesSets = await PgEventWriter.WritesSetsAsync(connection).ConfigureAwait(false);
            _asked = connection;
        }

        var items = batch.Cast<RowsItem>().ToList();
        var groups = items.GroupBy(i => (i.Table, First: i.Root.ExpectedVersion == 0)).OrderBy(g => g.Key.Table.Number).ThenByDescending(g => g.Key.First)
            .Select(g => new RootGroup(g.Key.Table, g.Key.First, [.. g.OrderBy(i => i.Root.Id.Key, StringComparer.Ordinal)])).ToList();
        var newest = await AtOnceAsync(connection, groups, items).ConfigureAwait(false) ?? await RootsFirstAsync(connection, groups, items).ConfigureAwait(false);
        if (newest > 0)
        {
            signal.Advance();
            notifier.Announce(newest);
        }
    }

    /// <summary>Position of the newest event, 0 without events.</summary>
    private async Task<long> RootsFirstAsync(NpgsqlConnection connection, List<RootGroup> groups, List<RowsItem> items)
    {
        await WriteRootsAsync(connection, groups).ConfigureAwait(false);
        await JudgeLosersAsync(connection, groups).ConfigureAwait(false);
        var winners = items.Where(i => i.Decided.Status == CommitStatus.Committed && !groups.Any(g => g.Already.Contains(i))).ToList();
        return await FinishAsync(connection, winners).ConfigureAwait(false);
    }

    private async Task WriteRootsAsync(NpgsqlConnection connection, List<RootGroup> groups)
    {
        var roots = new NpgsqlBatch(connection);
        await using var asBatch = roots.ConfigureAwait(false);
        roots.BatchCommands.Add(Command("BEGIN"));
        foreach (var group in groups)
        {
            roots.BatchCommands.Add(Roots(group, group.First ? Sql(group.Table).Insert : Sql(group.Table).Update));
        }

        var reader = await roots.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        foreach (var group in groups)
        {
            var won = new HashSet<string>(StringComparer.Ordinal);
            while (await reader.ReadAsync().ConfigureAwait(false))
            {
                won.Add(reader.GetString(0));
            }

            foreach (var item in group.Items)
            {
                if (won.Contains(item.Root.Id.Key))
                {
                    item.Decided = new CommitOutcome(CommitStatus.Committed, item.NewVersion, null);
                }
                else
                {
                    group.Lost.Add(item);
                }
            }

            await reader.NextResultAsync().ConfigureAwait(false);
        }
    }

    private static NpgsqlBatchCommand Roots(RootGroup group, string sql)
    {
        var command = Command(sql);
        AddRows(
            command, group.Table, group.Items, i => i.Root.Id, i => i.NewVersion, i => i.WriteId, i => PgParameters.Array(i.Root.Document), (i, column) => i.Root.Columns[column]);
        return command;
    }

    private async Task JudgeLosersAsync(NpgsqlConnection connection, List<RootGroup> groups)
    {
        foreach (var group in groups.Where(g => g.Lost.Count > 0))
        {
            var standing = await StandingAsync(connection, group).ConfigureAwait(false);
            foreach (var item in group.Lost)
            {
                item.Decided = standing.TryGetValue(item.Root.Id.Key, out var found) ? item.JudgeLoss(found.Version, found.WriteId) : item.JudgeLoss(0, null);
                if (item.Decided.Status == CommitStatus.Committed)
                {
                    group.Already.Add(item);
                }
            }
        }
    }

    private async Task<Dictionary<string, (long Version, Guid WriteId)>> StandingAsync(NpgsqlConnection connection, RootGroup group)
    {
        var standing = new Dictionary<string, (long Version, Guid WriteId)>(StringComparer.Ordinal);
        var command = new NpgsqlCommand(Sql(group.Table).Standing, connection);
        await using var asCommand = command.ConfigureAwait(false);
        command.Parameters.Add(PgParameters.Texts([.. group.Lost.Select(i => i.Root.Id.Key)]));
        var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            standing[reader.GetString(0)] = (reader.GetInt64(1), reader.GetGuid(2));
        }

        return standing;
    }

    /// <summary>Children, operations, events and the commit in one round trip; the newest event's position.</summary>
    private async Task<long> FinishAsync(NpgsqlConnection connection, List<RowsItem> winners)
    {
        var rest = new NpgsqlBatch(connection);
        await using var asBatch = rest.ConfigureAwait(false);
        AddChildren(rest, winners);
        AddOperations(rest, winners);
        var events = AddEvents(rest, winners);
        rest.BatchCommands.Add(Command("COMMIT"));
        CommitSent = true;
        var reader = await rest.ExecuteReaderAsync().ConfigureAwait(false);
        await using var asReader = reader.ConfigureAwait(false);
        return await NewestAsync(reader, events).ConfigureAwait(false);
    }

    /// <summary>Reads what the lock and the events answered, and the commit.</summary>
    private static async Task<long> NewestAsync(NpgsqlDataReader reader, bool events)
    {
        var newest = 0L;
        if (events)
        {
            await reader.NextResultAsync().ConfigureAwait(false);
            await reader.ReadAsync().ConfigureAwait(false);
            newest = reader.GetInt64(0);
        }

        while (await reader.NextResultAsync().ConfigureAwait(false))
        {
        }

        return newest;
    }

    private void AddChildren(NpgsqlBatch rest, List<RowsItem> winners)
    {
        var children = winners.SelectMany(item => item.Changes.Children.Select(child => (Item: item, Child: child))).GroupBy(c => (c.Child.Id.Kind, Delete: c.Child.Document is null));
        foreach (var group in children.OrderBy(g => g.Key.Kind, StringComparer.Ordinal).ThenBy(g => g.Key.Delete))
        {
            var table = catalog.Get(group.Key.Kind);
            var rows = group.OrderBy(c => c.Child.Id.Parent, StringComparer.Ordinal).ThenBy(c => c.Child.Id.Key, StringComparer.Ordinal).ToList();
            var command = Command(group.Key.Delete ? Sql(table).Delete : Sql(table).Upsert);
            if (group.Key.Delete)
            {
                command.Parameters.Add(PgParameters.Texts([.. rows.Select(r => r.Child.Id.Parent)]));
                command.Parameters.Add(PgParameters.Texts([.. rows.Select(r => r.Child.Id.Key)]));
            }
            else
            {
                AddRows(
                    command, table, rows, r => r.Child.Id, r => r.Item.NewVersion, r => r.Item.WriteId, r => PgParameters.Array(r.Child.Document!.Value), (r, column) => r.Child.Columns[column]);
            }

            rest.BatchCommands.Add(command);
        }
    }

    private static void AddOperations(NpgsqlBatch rest, List<RowsItem> winners)
    {
        var operations = winners.SelectMany(item => item.Changes.Operations.Select(operation => (item.Root.Id, Operation: operation))).ToList();
        if (operations.Count == 0)
        {
            return;
        }

        rest.BatchCommands.Add(Command(
            "INSERT INTO operations(kind, root, operation_id, fingerprint, answer) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[])",
            PgParameters.Texts([.. operations.Select(o => o.Id.Kind)]),
            PgParameters.Texts([.. operations.Select(o => o.Id.Key)]),
            PgParameters.Texts([.. operations.Select(o => o.Operation.OperationId)]),
            PgParameters.Blobs([.. operations.Select(o => PgParameters.Array(o.Operation.Fingerprint))]),
            PgParameters.Blobs([.. operations.Select(o => PgParameters.Array(o.Operation.Answer))])));
    }

    /// <summary>The last rows before the commit, so that the lock is held for the flush alone.</summary>
    private bool AddEvents(NpgsqlBatch rest, List<RowsItem> winners)
    {
        if (PgEventWriter.Statement(winners.Select(static item => item.Changes.Events), _writesSets, time.GetUtcNow()) is not { } write)
        {
            return false;
        }

        rest.BatchCommands.Add(Command("SELECT pg_advisory_xact_lock($1)", new NpgsqlParameter<long> { TypedValue = EventLock }));
        rest.BatchCommands.Add(Command(write.Sql, write.Parameters));
        return true;
    }

    private static void AddRows<T>(
        NpgsqlBatchCommand command, Table table, IReadOnlyList<T> rows, Func<T, RowId> id, Func<T, long> version, Func<T, Guid> writeId, Func<T, byte[]> document, Func<T, int, object?> column)
    {
        command.Parameters.Add(PgParameters.Texts([.. rows.Select(r => id(r).Parent)]));
        command.Parameters.Add(PgParameters.Texts([.. rows.Select(r => id(r).Key)]));
        command.Parameters.Add(PgParameters.Longs([.. rows.Select(version)]));
        command.Parameters.Add(PgParameters.Ids([.. rows.Select(writeId)]));
        command.Parameters.Add(PgParameters.Blobs([.. rows.Select(document)]));
        for (var i = 0; i < table.Columns.Length; i++)
        {
            var at = i;
            command.Parameters.Add(PgParameters.Column(table.Columns[i].Type, rows, r => column(r, at)));
        }
    }

    private sealed record RootGroup(Table Table, bool First, List<RowsItem> Items)
    {
        public List<RowsItem> Lost { get; } = [];

        /// <summary>Committed by an earlier try whose answer was lost.</summary>
        public HashSet<RowsItem> Already { get; } = [];
    }
}
