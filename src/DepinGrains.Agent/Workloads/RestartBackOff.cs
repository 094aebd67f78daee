namespace DepinGrains.Agent.Workloads;

/// <summary>Waits that double.</summary>
internal static class RestartBackOff
{
    /// <summary><paramref name="min"/> · 2^<paramref name="failures"/>, at most <paramref name="max"/>.</summary>
    public static TimeSpan Wait(int failures, TimeSpan min, TimeSpan max)
    {
        var wait = min;
        for (var i = 0; i < failures && wait < max; i++)
        {
            wait += wait;
        }

        return wait < max ? wait : max;
    }

    /// <summary>The same with jitter: between half of it and all of it, so that the agents of a gateway that went away do not come back in step.</summary>
    /// <param name="random">In [0, 1).</param>
    public static TimeSpan Jittered(int failures, TimeSpan min, TimeSpan max, double random) => Wait(failures, min, max) * (0.5 + (random / 2));
}
