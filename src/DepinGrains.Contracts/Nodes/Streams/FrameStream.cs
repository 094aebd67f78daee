using System.Threading.Channels;

namespace DepinGrains.Contracts.Nodes.Streams;

/// <summary>How one end of a stream of bytes speaks to the other.</summary>
public interface IFrameSender
{
    /// <summary>A frame of at most <see cref="AgentProtocol.StreamFrameBytesMax"/> bytes; the last one says <paramref name="end"/>.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancel);

    /// <summary>The other end may send so many more frames.</summary>
    void Credit(int frames);

    /// <summary>This end is gone.</summary>
    void Close();
}

/// <summary>
/// One end of a tunnel or of a shell as a stream; gateway and agent have the same. Either side may have <see cref="AgentProtocol.StreamWindow"/> frames on their way and must wait for credit then, so that a slow reader holds up
/// his own stream, never the connection all streams share, and memory is bounded whatever the other side does. Ends when too many bytes went through it. Several may write at once; one reads.
/// </summary>
public sealed class FrameStream(IFrameSender sender, long bytesMax, TimeProvider time) : Stream
{
    private readonly Channel<ReadOnlyMemory<byte>> _frames = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = false });
    private readonly SendWindow _outward = new();
    private readonly ReceiveWindow _inward = new();
    private readonly CancellationTokenSource _end = new();
    private ReadOnlyMemory<byte> _current;
    private int _ended;
    private long _bytes;
    private long _touched = time.GetTimestamp();
    private IOException? _why;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Cancelled when it is over.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>True when nothing has gone through it for longer than that.</summary>
    public bool IsIdle(TimeSpan limit) => time.GetElapsedTime(Volatile.Read(ref _touched)) > limit;

    /// <summary>A frame came. False when it is larger, or one more, than this end allowed, or says nothing: a breach of the protocol.</summary>
    public bool TryReceive(ReadOnlyMemory<byte> data, bool end)
    {
        if (data.Length > AgentProtocol.StreamFrameBytesMax || (data.IsEmpty && !end) || !_inward.TryTake())
        {
            return false;
        }

        if (Counted(data.Length))
        {
            _frames.Writer.TryWrite(data);
            if (end)
            {
                _frames.Writer.TryComplete();
            }
        }

        return true;
    }

    /// <summary>The other end has read so many. False when it says more than were sent.</summary>
    public bool TryCredit(int frames) => _outward.TryGive(frames);

    /// <summary>Ends it: what was received can still be read, then readers and writers get the reason. Says nothing to the other end.</summary>
    public void Abort(string reason)
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _why = new IOException(reason);
            _frames.Writer.TryComplete(_why);
            _end.Cancel();
        }
    }

    /// <summary>Says that nothing more is written; reading goes on.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancel)
    {
        await CreditAsync(cancel);
        await sender.SendAsync(default, end: true, cancel);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_current.IsEmpty)
        {
            if (!await _frames.Reader.WaitToReadAsync(cancellationToken))
            {
                return 0;
            }

            if (_frames.Reader.TryRead(out _current) && _inward.Read() is > 0 and var credit)
            {
                sender.Credit(credit);
            }
        }

        var taken = Math.Min(buffer.Length, _current.Length);
        _current[..taken].CopyTo(buffer);
        _current = _current[taken..];
        return taken;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var frame = buffer[..Math.Min(buffer.Length, AgentProtocol.StreamFrameBytesMax)];
            buffer = buffer[frame.Length..];
            await CreditAsync(cancellationToken);
            if (!Counted(frame.Length))
            {
                throw _why!;
            }

            await sender.SendAsync(frame, end: false, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("frames are read asynchronously");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("frames are written asynchronously");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Ends it and tells the other end.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Volatile.Read(ref _ended) == 0)
        {
            Abort("it was closed here");
            sender.Close();
        }

        base.Dispose(disposing);
    }

    /// <summary>Waits until one more frame may be sent. For streams whose frames are messages of their own; writing does it by itself. Throws <see cref="IOException"/> when it is over.</summary>
    public async ValueTask CreditAsync(CancellationToken cancel)
    {
        if (!_outward.TryTake())
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _end.Token);
            try
            {
                await _outward.TakeAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw _why!;
            }
        }

        if (_why is { } why)
        {
            throw why;
        }
    }

    private bool Counted(int bytes)
    {
        Volatile.Write(ref _touched, time.GetTimestamp());
        if (Interlocked.Add(ref _bytes, bytes) <= bytesMax)
        {
            return true;
        }

        Abort($"more than {bytesMax} bytes went through one stream");
        sender.Close();
        return false;
    }
}
