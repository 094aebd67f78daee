namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>One try's time: a token that ends with the caller, or when the step now under way takes too long, or the whole request does.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _callerLeft;
    private readonly TimeProvider _time;
    private readonly long _end;

    /// <param name="left">What is left of the whole request's time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="caller">Ends when the caller leaves.</param>
    public Deadline(TimeSpan left, TimeProvider time, CancellationToken caller)
    {
        _time = time;
        _end = time.GetTimestamp() + (long)(left.TotalSeconds * time.TimestampFrequency);
        _source = new CancellationTokenSource(left, time);
        _callerLeft = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The next step may take so long.</summary>
    public void Allow(TimeSpan step)
    {
        var left = _time.GetElapsedTime(_time.GetTimestamp(), _end);
        _source.CancelAfter(left < step ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : step);
    }

    /// <summary>The whole request's time is over: nobody's fault.</summary>
    public bool IsOver => _time.GetTimestamp() >= _end;

    public void Dispose()
    {
        _callerLeft.Dispose();
        _source.Dispose();
    }
}
