using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Sqlite;

/// <summary>The statements of one kind of row. Parameters: 1 parent, 2 key, 3 version, 4 write id, 5 document, 6… columns.</summary>
internal sealed class SqliteTableSql
{
    public SqliteTableSql(Table table)
    {
        var values = string.Concat(table.Columns.Select((_, i) => $", ?{i + 6}"));
        var sets = string.Concat(table.Columns.Select((c, i) => $", \"{c.Name}\"=?{i + 6}"));
        var excluded = string.Concat(table.Columns.Select(c => $", \"{c.Name}\"=excluded.\"{c.Name}\""));
        var insert = $"INSERT INTO {table.QuotedName}(parent, \"key\", version, write_id, doc{table.ColumnList}) VALUES(?1, ?2, ?3, ?4, ?5{values}) ON CONFLICT(parent, \"key\") DO ";
        Insert = insert + "NOTHING";
        Update = $"UPDATE {table.QuotedName} SET version=?3, write_id=?4, doc=?5{sets} WHERE parent=?1 AND \"key\"=?2 AND version=?3-1";
        Upsert = insert + $"UPDATE SET version=excluded.version, write_id=excluded.write_id, doc=excluded.doc{excluded}";
        Delete = $"DELETE FROM {table.QuotedName} WHERE parent=?1 AND \"key\"=?2";
        Standing = $"SELECT version, write_id FROM {table.QuotedName} WHERE parent=?1 AND \"key\"=?2";
        Read = $"SELECT {table.SelectList} FROM {table.QuotedName} WHERE parent=?1 AND \"key\"=?2";
        Children = $"SELECT {table.SelectList} FROM {table.QuotedName} WHERE parent=?1 AND \"key\">?2 ORDER BY \"key\" LIMIT ?3";
    }

    public string Insert { get; }

    public string Update { get; }

    public string Upsert { get; }

    public string Delete { get; }

    public string Standing { get; }

    public string Read { get; }

    public string Children { get; }
}
