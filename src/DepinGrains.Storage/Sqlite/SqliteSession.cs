using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DepinGrains.Storage.Sqlite;

/// <summary>One connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private const int StatementsMax = 512;
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _db;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    private SqliteSession(SqliteConnection connection)
    {
        _connection = connection;
        _db = connection.Handle!;
    }

    /// <summary>True outside a transaction.</summary>
    public bool AutoCommit => raw.sqlite3_get_autocommit(_db) != 0;

    public long LastRowId => raw.sqlite3_last_insert_rowid(_db);

    /// <summary>Opens the file, made with its folder when it is not there. Commits are flushed before they are answered: WAL with <c>synchronous=FULL</c>.</summary>
    public static SqliteSession Open(string path, bool readOnly)
    {
        if (!readOnly && Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            var session = new SqliteSession(connection);
            raw.sqlite3_extended_result_codes(session._db, 1);
            session.Execute("PRAGMA busy_timeout=5000");
            session.Execute("PRAGMA journal_mode=WAL");
            session.Execute("PRAGMA synchronous=FULL");
            session.Execute(readOnly ? "PRAGMA query_only=ON" : "PRAGMA wal_autocheckpoint=4000");
            session.Execute("PRAGMA journal_size_limit=67108864");
            session.Execute("PRAGMA cache_size=-16384");
            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A statement of the cache, ready to be bound.</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (_statements.TryGetValue(sql, out var known))
        {
            return known;
        }

        if (_statements.Count >= StatementsMax)
        {
            DropStatements();
        }

        var statement = new SqliteStatement(_db, sql);
        _statements.Add(sql, statement);
        return statement;
    }

    /// <summary>A statement outside the cache, for the caller to dispose.</summary>
    public SqliteStatement PrepareOnce(string sql) => new(_db, sql);

    /// <summary>Runs one statement that is not worth keeping.</summary>
    public void Execute(string sql)
    {
        using var statement = new SqliteStatement(_db, sql);
        while (statement.Step())
        {
        }
    }

    /// <summary>Undoes an open transaction, if SQLite has not done so by itself.</summary>
    public void RollBack()
    {
        if (!AutoCommit)
        {
            Prepare("ROLLBACK").Run();
        }
    }

    public void Dispose()
    {
        DropStatements();
        _connection.Dispose();
    }

    private void DropStatements()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
    }
}
