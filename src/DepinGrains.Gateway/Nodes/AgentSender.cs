using System.Net.WebSockets;

namespace DepinGrains.Gateway.Nodes;

/// <summary>
/// The outgoing side of one WebSocket: messages leave whole, one after the other, in the order they were posted. Posting never waits; no task runs while nothing is to be sent,
/// so that tens of thousands of idle connections cost nothing. A message has no timer of its own either: <see cref="AgentConnections"/> looks now and then for one that does not leave.
/// </summary>
internal sealed class AgentSender(WebSocket socket, int queueMax, TimeSpan timeout, TimeProvider time, CancellationTokenSource end)
{
    private readonly Queue<byte[]> _waiting = new();
    private long _leavingSince;
    private bool _sending;
    private bool _closed;
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _room;

    /// <summary>Few enough wait for streams to go on: what the node itself must hear never stands behind many of theirs.</summary>
    private bool HasRoom => _closed || _waiting.Count < Math.Max(1, queueMax / 4);

    /// <summary>Completes when few messages wait, or none will leave any more.</summary>
    public Task RoomAsync(CancellationToken cancel)
    {
        lock (_waiting)
        {
            return HasRoom ? Task.CompletedTask : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(cancel);
        }
    }

    /// <summary>Queues a message; false when too many wait.</summary>
    public bool TryPost(byte[] message)
    {
        lock (_waiting)
        {
            if (_closed)
            {
                return true;
            }

            if (_waiting.Count >= queueMax)
            {
                return false;
            }

            _waiting.Enqueue(message);
            if (_sending)
            {
                return true;
            }

            _sending = true;
        }

        _ = SendAllAsync();
        return true;
    }

    /// <summary>True when the peer has not taken a message for longer than it may.</summary>
    public bool IsStuck(long now)
    {
        var since = Volatile.Read(ref _leavingSince);
        return since != 0 && time.GetElapsedTime(since, now) > timeout;
    }

    /// <summary>Cuts the line without a word.</summary>
    public void Abort() => socket.Abort();

    /// <summary>Takes no more and waits until what was queued has left or the time is up.</summary>
    public async Task DrainAsync(TimeSpan atMost)
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            _closed = true;
            ReleaseWaiting();
            if (!_sending)
            {
                return;
            }

            _drained = drained;
        }

        await Task.WhenAny(drained.Task, Task.Delay(atMost));
    }

    private void ReleaseWaiting()
    {
        if (_room is { } room && HasRoom)
        {
            _room = null;
            room.TrySetResult();
        }
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (TryTake(out var message))
            {
                Volatile.Write(ref _leavingSince, time.GetTimestamp());
                await socket.SendAsync(message, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, CancellationToken.None);
            }
        }
        catch (Exception)
        {
            // The socket is broken or its peer does not read: the connection is over.
            lock (_waiting)
            {
                (_closed, _sending, _leavingSince) = (true, false, 0);
                _waiting.Clear();
                ReleaseWaiting();
                _drained?.TrySetResult();
            }

            try
            {
                await end.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // The reader ended first.
            }
        }
    }

    private bool TryTake(out byte[] message)
    {
        lock (_waiting)
        {
            if (_waiting.TryDequeue(out message!))
            {
                ReleaseWaiting();
                return true;
            }

            _sending = false;
            _leavingSince = 0;
            _drained?.TrySetResult();
            return false;
        }
    }
}
