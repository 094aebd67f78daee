using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Storage.Queries;

/// <summary>Place of the last row of a page: the ordering value and the row's identity, bound to the query's shape.</summary>
internal sealed record Cursor(object? Value, string Parent, string Key)
{
    private const int LongestText = 16_384;

    public static string Write(ListQuery query, StoredRow last, object? value)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            json.WriteStringValue(Shape(query));
            switch (value)
            {
                case null: json.WriteNullValue(); break;
                case long number: json.WriteNumberValue(number); break;
                case bool flag: json.WriteBooleanValue(flag); break;
                default: json.WriteStringValue((string)value); break;
            }

            json.WriteStringValue(last.Id.Parent);
            json.WriteStringValue(last.Id.Key);
            json.WriteEndArray();
        }

        return Base64Url.EncodeToString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    public static Cursor? Read(ListQuery query, Table table)
    {
        if (query.Cursor is null)
        {
            return null;
        }

        try
        {
            if (query.Cursor.Length > LongestText)
            {
                throw new InvalidCursorException();
            }

            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(query.Cursor));
            var parts = json.RootElement;
            if (parts.GetArrayLength() != 4 || parts[0].GetString() != Shape(query))
            {
                throw new InvalidCursorException();
            }

            var cursor = new Cursor(ReadValue(parts[1], query, table), parts[2].GetString()!, parts[3].GetString()!);
            return cursor.Parent is null || cursor.Key is null || Unstorable(cursor) ? throw new InvalidCursorException() : cursor;
        }
        catch (Exception problem) when (problem is FormatException or JsonException or InvalidOperationException or ArgumentException and not InvalidCursorException)
        {
            throw new InvalidCursorException();
        }
    }

    private static bool Unstorable(Cursor cursor) =>
        cursor.Parent.Contains('\0') || cursor.Key.Contains('\0') || (cursor.Value is string text && text.Contains('\0'));

    private static object? ReadValue(JsonElement part, ListQuery query, Table table)
    {
        if (part.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return query.OrderBy is null or "parent" ? throw new InvalidCursorException() : table.TypeOf(query.OrderBy) switch
        {
            ColumnType.Int64 => part.GetInt64(),
            ColumnType.Boolean => part.GetBoolean(),
            _ => part.GetString(),
        };
    }

    private static string Shape(ListQuery query)
    {
        var text = new StringBuilder().Append(query.Kind).Append('\n').Append(query.OrderBy).Append('\n').Append(query.Descending);
        foreach (var filter in query.Filters.IsDefault ? [] : query.Filters)
        {
            text.Append('\n').Append(filter.Column).Append((char)('0' + (int)filter.Comparison)).Append(filter.Value);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
    }
}
