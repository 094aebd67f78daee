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
