using System.Collections.Immutable;
using DepinGrains.Storage.Committing;
using DepinGrains.Storage.Events;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using Microsoft.Data.Sqlite;

namespace DepinGrains.Storage.Sqlite;

/// <summary>Writes gathered batches, one transaction each, on the file's single writing connection.</summary>
internal sealed class SqliteBatchWriter(string path, TableCatalog catalog, FencedWriters fenced, EventSignal signal, TimeProvider time) : IBatchWriter
{
    private const string AppendSql =
        "INSERT INTO ledger_journal(token, sequence, at_ticks, writer, payload) SELECT ?1, ?2, ?3, ?4, ?5 "
        + "WHERE ?2=1 OR EXISTS(SELECT 1 FROM ledger_journal WHERE token=?1 AND sequence=?2-1) ON CONFLICT(token, sequence) DO NOTHING";

    private readonly ImmutableArray<SqliteTableSql> _sql = [.. catalog.All.Select(t => new SqliteTableSql(t))];
    private SqliteSession? _session;
    private long _lastEvent;

    public bool NeedsDistinctRows => false;

    public SqliteTableSql Sql(Table table) => _sql[table.Number];

    public ValueTask WriteAsync(IReadOnlyList<CommitItem> batch)
    {
        Write(batch);
        return ValueTask.CompletedTask;
    }

    private void Write(IReadOnlyList<CommitItem> batch)
    {
        _lastEvent = 0;
        CommitItem? at = null;
        InTransaction(session =>
        {
            foreach (var item in batch)
            {
                at = item;
                if (item is RowsItem rows)
                {
                    Write(session, rows);
                }
                else
                {
                    Write(session, (AppendItem)item);
                }
            }

            return true;
        }, () => at);
        if (_lastEvent > 0)
        {
            signal.Advance();
        }
    }

    /// <summary>A transaction of its own for background work. Throws <see cref="StoreUnavailableException"/> when it did not commit, or may not have.</summary>
    public T Exclusive<T>(Func<SqliteSession, T> work)
    {
        try
        {
            return InTransaction(work, () => null);
        }
        catch (BatchDataException problem)
        {
            throw new ArgumentException(problem.Message, problem);
        }
        catch (Exception problem) when (problem is BatchAbortedException or BatchAmbiguousException)
        {
            Reset();
            throw new StoreUnavailableException(problem.Message, problem);
        }
    }

    public void Reset()
    {
        _session?.Dispose();
        _session = null;
    }

    public void Dispose() => Reset();

    private T InTransaction<T>(Func<SqliteSession, T> work, Func<CommitItem?> culprit)
    {
        SqliteSession? session = null;
        T answer;
        try
        {
            session = _session ??= SqliteSession.Open(path, readOnly: false);
            session.Prepare("BEGIN IMMEDIATE").Run();
            answer = work(session);
        }
        catch (Exception problem)
        {
            Undo(session, problem);
            throw problem is SqliteFailure { IsData: true } ? new BatchDataException(problem.Message, culprit(), problem)
                : problem is SqliteFailure or SqliteException or IOException or UnauthorizedAccessException ? new BatchAbortedException(problem.Message, problem)
                : problem is StoreSchemaException ? problem
                : new BatchAbortedException("the writer failed: " + problem.Message, problem);
        }

        try
        {
            session.Prepare("COMMIT").Run();
            return answer;
        }
        catch (SqliteFailure problem)
        {
            Undo(session, problem);

            // Only BUSY is sure to have written nothing: after a failed write or flush of the log a commit frame may lie there, and recovery after a crash could still find it.
            // Executing the batch again writes over those frames.
            throw problem.IsBusy ? new BatchAbortedException(problem.Message, problem) : new BatchAmbiguousException(problem.Message, problem);
        }
    }

    private void Undo(SqliteSession? session, Exception cause)
    {
        try
        {
            session?.RollBack();
            if (cause is SqliteFailure { IsData: true })
            {
                return;
            }
        }
        catch (SqliteFailure)
        {
            // The connection is thrown away, which undoes the rest.
        }

        Reset();
    }

    private void Write(SqliteSession session, RowsItem item)
    {
        var root = item.Root;
        var sql = Sql(item.Table);
        var write = session.Prepare(root.ExpectedVersion == 0 ? sql.Insert : sql.Update);
        if (BindRow(write, root.Id, item.NewVersion, item.WriteId, root.Document.Span, root.Columns).Run() == 0)
        {
            item.Decided = Standing(session, sql, item);
            return;
        }

        foreach (var child in item.Changes.Children)
        {
            var childSql = Sql(catalog.Get(child.Id.Kind));
            if (child.Document is { } document)
            {
                BindRow(session.Prepare(childSql.Upsert), child.Id, item.NewVersion, item.WriteId, document.Span, child.Columns).Run();
            }
            else
            {
                session.Prepare(childSql.Delete).Text(1, child.Id.Parent).Text(2, child.Id.Key).Run();
            }
        }

        foreach (var operation in item.Changes.Operations)
        {
            session.Prepare("INSERT INTO operations(kind, root, operation_id, fingerprint, answer) VALUES(?1, ?2, ?3, ?4, ?5)")
                .Text(1, root.Id.Kind).Text(2, root.Id.Key).Text(3, operation.OperationId).Blob(4, operation.Fingerprint.Span).Blob(5, operation.Answer.Span).Run();
        }

        WriteEvents(session, item.Changes.Events);
        item.Decided = new CommitOutcome(CommitStatus.Committed, item.NewVersion, null);
    }

    private void WriteEvents(SqliteSession session, ImmutableArray<EventWrite> events)
    {
        if (events.Length == 0)
        {
            return;
        }

        var now = Instants.ToMicroseconds(time.GetUtcNow());
        foreach (var e in events)
        {
            session.Prepare("INSERT INTO events(at_us, topic, type, subject, data) VALUES(?1, ?2, ?3, ?4, ?5)")
                .Int(1, now).Text(2, e.Topic).Text(3, e.Type).Text(4, e.Subject).Blob(5, e.Data.Span).Run();
        }

        _lastEvent = session.LastRowId;
    }

    private void Write(SqliteSession session, AppendItem item)
    {
        if (fenced.Contains(item.Token, item.WriterId))
        {
            item.Decided = AppendStatus.Fenced;
            return;
        }

        var written = session.Prepare(AppendSql).Text(1, item.Token).Int(2, item.Batch.Sequence).Int(3, item.Batch.At.UtcTicks)
            .Blob(4, item.WriterId).Blob(5, item.Batch.Payload.Span).Run();
        item.Decided = written > 0 ? AppendStatus.Appended : Holder(session, item);
        if (item.Decided == AppendStatus.Fenced)
        {
            fenced.Add(item.Token, item.WriterId);
        }
    }

    private static AppendStatus Holder(SqliteSession session, AppendItem item)
    {
        var find = session.Prepare("SELECT writer, payload FROM ledger_journal WHERE token=?1 AND sequence=?2").Text(1, item.Token).Int(2, item.Batch.Sequence);
        var status = find.Step() ? item.JudgeLoss(find.ReadBlob(0), find.ReadBlob(1)) : AppendStatus.Fenced;
        find.Reset();
        return status;
    }

    private static CommitOutcome Standing(SqliteSession session, SqliteTableSql sql, RowsItem item)
    {
        var find = session.Prepare(sql.Standing).Text(1, item.Root.Id.Parent).Text(2, item.Root.Id.Key);
        var outcome = find.Step() ? item.JudgeLoss(find.ReadInt(0), find.ReadId(1)) : item.JudgeLoss(0, null);
        find.Reset();
        return outcome;
    }

    private static SqliteStatement BindRow(SqliteStatement statement, RowId id, long version, Guid writeId, ReadOnlySpan<byte> document, ImmutableArray<object?> columns)
    {
        statement.Text(1, id.Parent).Text(2, id.Key).Int(3, version).Id(4, writeId).Blob(5, document);
        for (var i = 0; i < columns.Length; i++)
        {
            statement.Value(i + 6, columns[i]);
        }

        return statement;
    }
}
