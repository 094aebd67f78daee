namespace DepinGrains.Contracts.Nodes.Streams;

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
