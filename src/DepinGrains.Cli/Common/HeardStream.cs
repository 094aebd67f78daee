namespace DepinGrains.Cli.Common;

/// <summary>
/// A stream that tells of every read: a server's signs of life are comments, which a parser of server-sent events keeps to itself. And it ends a stream that sends more than
/// <paramref name="bytesMax"/> without <see cref="Taken"/>: an event without end would fill the memory.
/// </summary>
internal sealed class HeardStream(Stream inner, int bytesMax, Action? heard) : Stream
{
    private int _bytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>An event was whole: counting begins anew.</summary>
    public void Taken() => _bytes = 0;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Count(await inner.ReadAsync(buffer, cancellationToken));

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Count(int read)
    {
        _bytes += read;
        if (_bytes > bytesMax)
        {
            throw new IOException($"more than {bytesMax} bytes without an event");
        }

        heard?.Invoke();
        return read;
    }
}
