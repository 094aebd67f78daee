namespace DepinGrains.Contracts.Nodes.Streams;

/// <summary>The sending end's count of frames: at most <see cref="AgentProtocol.StreamWindow"/> are on their way; more wait until the other end says that it has read some.</summary>
public sealed class SendWindow : IDisposable
{
    private readonly SemaphoreSlim _credit = new(AgentProtocol.StreamWindow, AgentProtocol.StreamWindow);
    private int _onTheWay;

    /// <summary>True when one more frame may be sent now.</summary>
    public bool TryTake()
    {
        if (!_credit.Wait(0, CancellationToken.None))
        {
            return false;
        }

        Interlocked.Increment(ref _onTheWay);
        return true;
    }

    /// <summary>Waits until one more frame may be sent.</summary>
    public async ValueTask TakeAsync(CancellationToken cancel)
    {
        await _credit.WaitAsync(cancel);
        Interlocked.Increment(ref _onTheWay);
    }

    /// <summary>The other end has read so many. False when it says more than were sent.</summary>
    public bool TryGive(int frames)
    {
        if (frames is < 1 or > AgentProtocol.StreamWindow || Interlocked.Add(ref _onTheWay, -frames) < 0)
        {
            return false;
        }

        _credit.Release(frames);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _credit.Dispose();
}

/// <summary>The receiving end's count of frames. One reader; frames may come meanwhile.</summary>
public sealed class ReceiveWindow
{
    private int _owed;
    private int _read;

    /// <summary>A frame came. False when it is one more than this end allowed: a breach of the protocol.</summary>
    public bool TryTake() => Interlocked.Increment(ref _owed) <= AgentProtocol.StreamWindow;

    /// <summary>A frame was read. Returns how many more the other end may now be told to send; 0: nothing is said yet.</summary>
    public int Read()
    {
        if (++_read < AgentProtocol.StreamWindow / 2)
        {
            return 0;
        }

        var credit = _read;
        _read = 0;
        Interlocked.Add(ref _owed, -credit);
        return credit;
    }
}
