using System.Runtime.InteropServices;
using System.Text;
using SQLitePCL;

namespace DepinGrains.Storage.Sqlite;

/// <summary>A prepared statement, bound by position from 1. The ADO.NET command costs several times the statement itself on the committer's path.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _db;
    private readonly sqlite3_stmt _statement;

    public SqliteStatement(sqlite3 db, string sql)
    {
        _db = db;
        Check(raw.sqlite3_prepare_v3(db, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    public SqliteStatement Text(int at, string value)
    {
        if (value.Length == 0)
        {
            Check(raw.sqlite3_bind_text(_statement, at, ""));
            return this;
        }

        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> bytes = most <= 1024 ? stackalloc byte[1024] : new byte[most];
        var length = Encoding.UTF8.GetBytes(value, bytes);
        Check(raw.sqlite3_bind_text(_statement, at, bytes[..length]));
        return this;
    }

    public SqliteStatement Int(int at, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, at, value));
        return this;
    }

    public SqliteStatement Blob(int at, ReadOnlySpan<byte> value)
    {
        // An empty span would be bound as NULL.
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, at, 0) : raw.sqlite3_bind_blob(_statement, at, value));
        return this;
    }

    public SqliteStatement Id(int at, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, value);
        return Blob(at, bytes);
    }

    /// <summary>string, long, bool or null.</summary>
    public SqliteStatement Value(int at, object? value)
    {
        switch (value)
        {
            case null: Check(raw.sqlite3_bind_null(_statement, at)); return this;
            case string text: return Text(at, text);
            case bool flag: return Int(at, flag ? 1 : 0);
            default: return Int(at, (long)value);
        }
    }

    /// <summary>True when a row is there to be read. After the last row the statement is ready to be bound again.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_statement);
        switch (code)
        {
            case raw.SQLITE_ROW:
                return true;
            case raw.SQLITE_DONE:
                raw.sqlite3_reset(_statement);
                return false;
            default:
                var failure = Failure(code);
                raw.sqlite3_reset(_statement);
                throw failure;
        }
    }

    /// <summary>Executes a statement without rows; how many rows it changed.</summary>
    public int Run()
    {
        Step();
        return raw.sqlite3_changes(_db);
    }

    /// <summary>Leaves a statement whose rows were not all read.</summary>
    public void Reset() => raw.sqlite3_reset(_statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long ReadInt(int column) => raw.sqlite3_column_int64(_statement, column);

    public double ReadDouble(int column) => raw.sqlite3_column_double(_statement, column);

    public string ReadText(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string() ?? "";

    public byte[] ReadBlob(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public Guid ReadId(int column) => MemoryMarshal.Read<Guid>(raw.sqlite3_column_blob(_statement, column));

    public void Dispose() => _statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Failure(code);
        }
    }

    private SqliteFailure Failure(int code)
    {
        var extended = raw.sqlite3_extended_errcode(_db);
        return new SqliteFailure((extended & 0xFF) == (code & 0xFF) ? extended : code, raw.sqlite3_errmsg(_db).utf8_to_string());
    }
}
