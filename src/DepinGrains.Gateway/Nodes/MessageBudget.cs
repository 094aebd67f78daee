namespace DepinGrains.Gateway.Nodes;

/// <summary>A token bucket of one connection's reader; not thread-safe.</summary>
internal sealed class MessageBudget(int perSecond, int burst, TimeProvider time)
{
    private double _left = burst;
    private long _stamp = time.GetTimestamp();

    public bool Take()
    {
        if (_left < 1)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(burst, _left + (time.GetElapsedTime(_stamp, now).TotalSeconds * perSecond));
            _stamp = now;
        }

        return _left >= 1 && --_left >= 0;
    }
}
