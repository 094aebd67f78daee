using System.Collections.Immutable;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Sqlite;

/// <summary>The schema of the SQLite file. Steps are never changed once released; new ones are added at the end.</summary>
internal sealed class SqliteSchema(SqliteSession session, bool dry)
{
    private readonly List<string> _done = [];

    private static readonly (int Number, string Name, string[] Statements)[] Steps =
    [
        (1, "core",
        [
            "CREATE TABLE operations(kind TEXT NOT NULL, root TEXT NOT NULL, operation_id TEXT NOT NULL, fingerprint BLOB NOT NULL, answer BLOB NOT NULL, PRIMARY KEY(kind, root, operation_id)) WITHOUT ROWID",
            "CREATE TABLE events(position INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, topic TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, data BLOB NOT NULL)",
            "CREATE INDEX ix_events_topic ON events(topic, position)",
            "CREATE TABLE store_meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
            "INSERT INTO store_meta(name, value) VALUES('events_trimmed', 0)",
            "CREATE TABLE ledger_journal(token TEXT NOT NULL, sequence INTEGER NOT NULL, at_ticks INTEGER NOT NULL, writer BLOB NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(token, sequence))",
            "CREATE TABLE ledger_entries(token TEXT NOT NULL, account TEXT NOT NULL, entry_sequence INTEGER NOT NULL, delta INTEGER NOT NULL, balance_after INTEGER NOT NULL, transfer_id TEXT NOT NULL, kind INTEGER NOT NULL, at_us INTEGER NOT NULL, memo TEXT NOT NULL, PRIMARY KEY(token, account, entry_sequence)) WITHOUT ROWID",
            "CREATE TABLE ledger_transfers(token TEXT NOT NULL, transfer_id TEXT NOT NULL, fingerprint BLOB NOT NULL, answer BLOB NOT NULL, PRIMARY KEY(token, transfer_id)) WITHOUT ROWID",
            "CREATE TABLE ledger_index(token TEXT PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID",
            "CREATE TABLE ledger_snapshots(token TEXT NOT NULL, sequence INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(token, sequence))",
        ]),

        // Nothing lists by these.
        (2, "unread_indexes", [.. ((string[])["ix_bid_order_id", "ix_order_owner", "ix_escrow_owner", "ix_lease_node"]).Select(static index => $"DROP INDEX IF EXISTS {index}")]),
    ];

    /// <summary>Runs inside one exclusive transaction of the writer, or dry on a reading connection. Answers what was (would be) done, in words.</summary>
    public ImmutableArray<string> Migrate(TableCatalog catalog, long now)
    {
        TakeSteps(now);
        foreach (var table in catalog.All)
        {
            Reconcile(table);
            BuildIndexes(table);
        }

        return [.. _done];
    }

    /// <summary>Steps, tables and columns only; for a dry one.</summary>
    public ImmutableArray<string> Missing(TableCatalog catalog)
    {
        TakeSteps(0);
        foreach (var table in catalog.All)
        {
            Reconcile(table);
        }

        return [.. _done];
    }

    private void TakeSteps(long now)
    {
        if (!Exists("schema_steps"))
        {
            Do("create the table schema_steps", "CREATE TABLE schema_steps(number INTEGER PRIMARY KEY, name TEXT NOT NULL, at_us INTEGER NOT NULL)");
        }

        foreach (var (number, name, statements) in Steps)
        {
            if (IsTaken(number))
            {
                continue;
            }

            Do($"run step {number}, {name}", statements);
            if (!dry)
            {
                session.Prepare("INSERT INTO schema_steps(number, name, at_us) VALUES(?1, ?2, ?3)").Int(1, number).Text(2, name).Int(3, now).Run();
            }
        }
    }

    private void Do(string what, params ReadOnlySpan<string> statements)
    {
        _done.Add(what);
        foreach (var statement in dry ? [] : statements)
        {
            session.Execute(statement);
        }
    }

    private void Reconcile(Table table)
    {
        if (!Exists(table.Name))
        {
            Do($"create the table {table.Name}", $"CREATE TABLE {table.QuotedName}(parent TEXT NOT NULL, \"key\" TEXT NOT NULL, version INTEGER NOT NULL, write_id BLOB NOT NULL, doc BLOB NOT NULL, PRIMARY KEY(parent, \"key\"))");
        }

        var known = Columns(table);
        foreach (var column in table.Columns)
        {
            var type = TypeName(column.Type);
            if (!known.TryGetValue(column.Name, out var found))
            {
                Do($"add the column {table.Name}.{column.Name} {type}", $"ALTER TABLE {table.QuotedName} ADD COLUMN \"{column.Name}\" {type}");
            }
            else if (found != type)
            {
                throw new StoreSchemaException($"column {table.Name}.{column.Name} is {found} in the database and {type} in the definition");
            }
        }
    }

    private void BuildIndexes(Table table)
    {
        foreach (var index in table.Indexes)
        {
            var wanted = string.Join(", ", index.Columns.Concat(["parent", "key"]).Distinct().Select(c => $"\"{c}\""));
            var sql = $"CREATE INDEX \"{table.IndexName(index)}\" ON {table.QuotedName}({wanted})";
            var present = Definition(table.IndexName(index));
            if (present is null)
            {
                Do($"create the index {table.IndexName(index)}", sql);
            }
            else if (present != sql)
            {
                Do($"build the index {table.IndexName(index)} anew", $"DROP INDEX \"{table.IndexName(index)}\"", sql);
            }
        }
    }

    private Dictionary<string, string> Columns(Table table)
    {
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        using var info = session.PrepareOnce($"PRAGMA table_info({table.QuotedName})");
        while (info.Step())
        {
            columns[info.ReadText(1)] = info.ReadText(2);
        }

        return columns;
    }

    private string? Definition(string index)
    {
        using var find = session.PrepareOnce("SELECT sql FROM sqlite_master WHERE type='index' AND name=?1");
        return find.Text(1, index).Step() ? find.ReadText(0) : null;
    }

    private bool Exists(string table)
    {
        using var find = session.PrepareOnce("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?1");
        return find.Text(1, table).Step();
    }

    private bool IsTaken(long number)
    {
        if (!Exists("schema_steps"))
        {
            return false;
        }

        using var find = session.PrepareOnce("SELECT 1 FROM schema_steps WHERE number=?1");
        return find.Int(1, number).Step();
    }

    /// <summary>Declared types tell booleans from integers for people who look; the values are integers.</summary>
    private static string TypeName(ColumnType type) => type switch
    {
        ColumnType.Text => "TEXT",
        ColumnType.Int64 => "INTEGER",
        _ => "BOOLEAN",
    };
}
