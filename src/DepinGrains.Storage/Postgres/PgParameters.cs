using System.Runtime.InteropServices;
using DepinGrains.Storage.Rows;
using Npgsql;
using NpgsqlTypes;

namespace DepinGrains.Storage.Postgres;

/// <summary>Arrays as parameters: one statement carries a whole batch.</summary>
internal static class PgParameters
{
    public static NpgsqlParameter Texts(string?[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public static NpgsqlParameter Longs(long[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    public static NpgsqlParameter Ids(Guid[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };

    public static NpgsqlParameter Blobs(byte[][] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    /// <summary>A typed column's values.</summary>
    public static NpgsqlParameter Column<T>(ColumnType type, IReadOnlyList<T> rows, Func<T, object?> value)
    {
        switch (type)
        {
            case ColumnType.Text:
                var texts = new string?[rows.Count];
                for (var i = 0; i < texts.Length; i++)
                {
                    texts[i] = (string?)value(rows[i]);
                }

                return Texts(texts);
            case ColumnType.Int64:
                var numbers = new long?[rows.Count];
                for (var i = 0; i < numbers.Length; i++)
                {
                    numbers[i] = (long?)value(rows[i]);
                }

                return new NpgsqlParameter { Value = numbers, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };
            default:
                var flags = new bool?[rows.Count];
                for (var i = 0; i < flags.Length; i++)
                {
                    flags[i] = (bool?)value(rows[i]);
                }

                return new NpgsqlParameter { Value = flags, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean };
        }
    }

    /// <summary>The bytes as an array, without a copy when the memory is just that.</summary>
    public static byte[] Array(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0 && segment.Array!.Length == segment.Count ? segment.Array : bytes.ToArray();

    public static string TypeName(ColumnType type) => type switch
    {
        ColumnType.Text => "text",
        ColumnType.Int64 => "bigint",
        _ => "boolean",
    };
}
