namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>A miner's body with an end: so many bytes in all, and so many without <see cref="Taken"/>, for a line that never ends would fill the memory.</summary>
internal sealed class BoundedStream(Stream inner, long total, int untaken) : Stream
{
    private long _read;
    private long _taken;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>An event was whole.</summary>
    public void Taken() => _taken = _read;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        _read += read;
        return _read <= total && _read - _taken <= untaken ? read : throw new MinerException("too_large");
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

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
}

/// <summary>A miner did what no miner may; the reason in one word, for metrics.</summary>
internal sealed class MinerException(string reason) : Exception(reason)
{
    public string Reason { get; } = reason;
}
