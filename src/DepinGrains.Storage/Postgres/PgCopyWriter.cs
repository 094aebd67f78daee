using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace DepinGrains.Storage.Postgres;

/// <summary>
/// Rows into a table by COPY in PostgreSQL's binary format (its manual, "COPY", "Binary Format"), encoded straight into one buffer: Npgsql's importer costs several times as much a column.
/// Disposing ends the COPY; the server's error, if any, comes out there.
/// </summary>
internal sealed class PgCopyWriter : IAsyncDisposable
{
    private const int FlushAt = 64 * 1024;
    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xFF, (byte)'\r', (byte)'\n', 0, .. new byte[8]];
    private readonly NpgsqlRawCopyStream _stream;
    private byte[] _buffer = new byte[FlushAt * 2];
    private int _length;

    private PgCopyWriter(NpgsqlRawCopyStream stream)
    {
        _stream = stream;
        Header.CopyTo(_buffer, 0);
        _length = Header.Length;
    }

    /// <summary>Begins; <paramref name="sql"/> is a COPY … FROM STDIN (FORMAT BINARY).</summary>
    public static async Task<PgCopyWriter> BeginAsync(NpgsqlConnection connection, string sql) =>
        new(await connection.BeginRawBinaryCopyAsync(sql).ConfigureAwait(false));

    /// <summary>True when there is enough to send.</summary>
    public bool IsFull => _length >= FlushAt;

    /// <summary>Begins a row.</summary>
    public void Row(short columns)
    {
        Reserve(2);
        BinaryPrimitives.WriteInt16BigEndian(_buffer.AsSpan(_length), columns);
        _length += 2;
    }

    public void Text(string value)
    {
        Reserve(4 + Encoding.UTF8.GetMaxByteCount(value.Length));
        var length = Encoding.UTF8.GetBytes(value, _buffer.AsSpan(_length + 4));
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length), length);
        _length += 4 + length;
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Reserve(4 + value.Length);
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length), value.Length);
        value.CopyTo(_buffer.AsSpan(_length + 4));
        _length += 4 + value.Length;
    }

    /// <summary>A bigint.</summary>
    public void Long(long value)
    {
        Reserve(12);
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length), 8);
        BinaryPrimitives.WriteInt64BigEndian(_buffer.AsSpan(_length + 4), value);
        _length += 12;
    }

    /// <summary>An integer.</summary>
    public void Int(int value)
    {
        Reserve(8);
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length), 4);
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length + 4), value);
        _length += 8;
    }

    /// <summary>Sends what is there.</summary>
    public async ValueTask FlushAsync()
    {
        await _stream.WriteAsync(_buffer.AsMemory(0, _length)).ConfigureAwait(false);
        _length = 0;
    }

    /// <summary>Ends the rows.</summary>
    public async ValueTask CompleteAsync()
    {
        Row(-1);
        await FlushAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private void Reserve(int more)
    {
        if (_buffer.Length - _length < more)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + more));
        }
    }
}
