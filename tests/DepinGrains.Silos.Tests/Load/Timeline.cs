using System.Diagnostics;

namespace DepinGrains.Silos.Tests.Load;

/// <summary>When which caller's commands came through.</summary>
internal sealed class Timeline
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly List<(TimeSpan Began, TimeSpan At, int Caller)> _done = [];

    public TimeSpan Now => Stopwatch.GetElapsedTime(_begun);

    public void Done(TimeSpan began, int caller)
    {
        lock (_done)
        {
            _done.Add((began, Now, caller));
        }
    }

    /// <summary>Commands per second that came through between two instants.</summary>
    public double Rate(TimeSpan from, TimeSpan to)
    {
        lock (_done)
        {
            return _done.Count(d => d.At >= from && d.At < to) / (to - from).TotalSeconds;
        }
    }

    /// <summary>After a fault: how long until the slowest caller had a success again (of what it was in the midst of or began later).</summary>
    public TimeSpan FirstSuccessOfAll(TimeSpan fault, int callers)
    {
        lock (_done)
        {
            return Enumerable.Range(0, callers)
                .Select(caller => _done.Where(d => d.Caller == caller && d.At > fault).Select(d => d.At - fault).DefaultIfEmpty(TimeSpan.MaxValue).Min())
                .Max();
        }
    }

    /// <summary>After a fault: how long until a window of three seconds saw <paramref name="share"/> of a rate again; null when none did.</summary>
    public TimeSpan? BackAt(TimeSpan fault, double rate, double share)
    {
        for (var from = fault; from + Window <= Now; from += TimeSpan.FromSeconds(0.5))
        {
            if (Rate(from, from + Window) >= rate * share)
            {
                return from - fault;
            }
        }

        return null;
    }

    /// <summary>The longest a command that came through after an instant had taken.</summary>
    public TimeSpan Longest(TimeSpan after)
    {
        lock (_done)
        {
            return _done.Where(d => d.At > after).Select(static d => d.At - d.Began).DefaultIfEmpty().Max();
        }
    }
}
