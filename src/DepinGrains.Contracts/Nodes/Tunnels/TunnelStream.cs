using System.Threading.Channels;

namespace DepinGrains.Contracts.Nodes.Tunnels;

/// <summary>How one end of a tunnel speaks to the other.</summary>
public interface ITunnelSender
{
    /// <summary>A frame of at most <see cref="AgentProtocol.TunnelFrameBytesMax"/> bytes; the last one says <paramref name="end"/>.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancel);

    /// <summary>The other end may send so many more frames.</summary>
    void Credit(int frames);

    /// <summary>This end is gone.</summary>
    void Close();
}

/// <summary>
/// One end of a tunnel as a stream; gateway and agent have the same. Either side may have <see cref="AgentProtocol.TunnelWindow"/> frames on their way and must wait for credit then, so that a slow reader holds up his own
/// tunnel, never the connection all tunnels share, and memory is bounded whatever the other side does. Ends when too many bytes went through it.
/// </summary>
public sealed class TunnelStream(ITunnelSender sender, long bytesMax, TimeProvider time) : Stream
{
    private const int Window = AgentProtocol.TunnelWindow;
    private readonly Channel<ReadOnlyMemory<byte>> _frames = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = false });
    private readonly SemaphoreSlim _credit = new(Window, Window);
    private readonly CancellationTokenSource _end = new();
    private ReadOnlyMemory<byte> _current;
    private int _owed;
    private int _read;
    private int _onTheWay;
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

    /// <summary>Cancelled when the tunnel is over.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>True when nothing has gone through it for longer than that.</summary>
    public bool IsIdle(TimeSpan limit) => time.GetElapsedTime(Volatile.Read(ref _touched)) > limit;

    /// <summary>A frame came. False when it is larger, or one more, than this end allowed, or says nothing: a breach of the protocol.</summary>
    public bool TryReceive(ReadOnlyMemory<byte> data, bool end)
    {
        if (data.Length > AgentProtocol.TunnelFrameBytesMax || (data.IsEmpty && !end) || Interlocked.Increment(ref _owed) > Window)
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
    public bool TryCredit(int frames)
    {
        if (frames is < 1 or > Window || Interlocked.Add(ref _onTheWay, -frames) < 0)
        {
            return false;
        }

        _credit.Release(frames);
        return true;
    }

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

            if (_frames.Reader.TryRead(out _current) && ++_read >= Window / 2)
            {
                Interlocked.Add(ref _owed, -_read);
                sender.Credit(_read);
                _read = 0;
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
            var frame = buffer[..Math.Min(buffer.Length, AgentProtocol.TunnelFrameBytesMax)];
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
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("tunnels are read asynchronously");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("tunnels are written asynchronously");

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
            Abort("the tunnel was closed here");
            sender.Close();
        }

        base.Dispose(disposing);
    }

    private async ValueTask CreditAsync(CancellationToken cancel)
    {
        if (!_credit.Wait(0, CancellationToken.None))
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _end.Token);
            try
            {
                await _credit.WaitAsync(either.Token);
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

        Interlocked.Increment(ref _onTheWay);
    }

    private bool Counted(int bytes)
    {
        Volatile.Write(ref _touched, time.GetTimestamp());
        if (Interlocked.Add(ref _bytes, bytes) <= bytesMax)
        {
            return true;
        }

        Abort($"more than {bytesMax} bytes went through one tunnel");
        sender.Close();
        return false;
    }
}
