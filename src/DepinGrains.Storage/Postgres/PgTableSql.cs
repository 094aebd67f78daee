using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Postgres;

/// <summary>The set-based statements of one kind of row. Arrays: 1 parents, 2 keys, 3 versions, 4 write ids, 5 documents, 6… columns.</summary>
internal sealed class PgTableSql
{
    public PgTableSql(Table table)
    {
        var arrays = "$1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::bytea[]"
            + string.Concat(table.Columns.Select((c, i) => $", ${i + 6}::{PgParameters.TypeName(c.Type)}[]"));
        var names = string.Concat(table.Columns.Select((_, i) => $", c{i}"));
        var rows = $"unnest({arrays}) AS u(p, k, v, w, d{names})";
        var sets = string.Concat(table.Columns.Select((c, i) => $", \"{c.Name}\"=u.c{i}"));
        var excluded = string.Concat(table.Columns.Select(c => $", \"{c.Name}\"=excluded.\"{c.Name}\""));
        var insert = $"INSERT INTO {table.QuotedName}(parent, \"key\", version, write_id, doc{table.ColumnList}) SELECT u.p, u.k, u.v, u.w, u.d{string.Concat(table.Columns.Select((_, i) => $", u.c{i}"))} FROM {rows} ON CONFLICT(parent, \"key\") DO ";
        Insert = insert + "NOTHING RETURNING \"key\"";
        Update = $"UPDATE {table.QuotedName} t SET version=u.v, write_id=u.w, doc=u.d{sets} FROM {rows} WHERE t.parent=u.p AND t.\"key\"=u.k AND t.version=u.v-1 RETURNING t.\"key\"";
        InsertAll = OrFail(Insert);
        UpdateAll = OrFail(Update);
        Upsert = insert + $"UPDATE SET version=excluded.version, write_id=excluded.write_id, doc=excluded.doc{excluded}";
        Delete = $"DELETE FROM {table.QuotedName} t USING unnest($1::text[], $2::text[]) AS u(p, k) WHERE t.parent=u.p AND t.\"key\"=u.k";
        Standing = $"SELECT \"key\", version, write_id FROM {table.QuotedName} WHERE parent='' AND \"key\"=ANY($1)";
        Read = $"SELECT {table.SelectList} FROM {table.QuotedName} WHERE parent=$1 AND \"key\"=$2";
        Children = $"SELECT {table.SelectList} FROM {table.QuotedName} WHERE parent=$1 AND \"key\">$2 ORDER BY \"key\" LIMIT $3";
        ChildrenFromStart = Children.Replace("\"key\">$2", "\"key\">=$2", StringComparison.Ordinal);
    }

    public string Insert { get; }

    public string Update { get; }

    /// <summary><see cref="Insert"/>, failing with a division by zero unless every row was new.</summary>
    public string InsertAll { get; }

    /// <summary><see cref="Update"/>, failing with a division by zero unless every row stood at its version.</summary>
    public string UpdateAll { get; }

    public string Upsert { get; }

    public string Delete { get; }

    public string Standing { get; }

    public string Read { get; }

    public string Children { get; }

    public string ChildrenFromStart { get; }

    private static string OrFail(string statement) => $"WITH written AS ({statement}) SELECT 1 / (CASE WHEN count(*) = cardinality($2::text[]) THEN 1 ELSE 0 END) FROM written";
}
