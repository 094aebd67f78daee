using System.Diagnostics;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>Closed-loop callers: each has one call under way.</summary>
internal static class Callers
{
    /// <summary>Runs <paramref name="count"/> loops for some seconds. <paramref name="callAsync"/> gets the caller's number and the call's, and answers how many items it was.</summary>
    public static async Task<Measured> RunAsync(string name, int count, int seconds, int serverPid, Func<int, int, Task<int>> callAsync)
    {
        var machine = Machine.Watch(serverPid);
        var started = Stopwatch.GetTimestamp();
        var end = started + (seconds * Stopwatch.Frequency);
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(Enumerable.Range(0, count).Select(caller => Task.Run(() => LoopAsync(caller, end, callAsync)))))
        {
            all.Merge(latencies);
        }

        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Measured(name, all.Count / elapsed, all.Percentile(0.5), all.Percentile(0.99), elapsed, machine.Stop());
    }

    private static async Task<Latencies> LoopAsync(int caller, long end, Func<int, int, Task<int>> callAsync)
    {
        var latencies = new Latencies();
        for (var n = 0; Stopwatch.GetTimestamp() < end; n++)
        {
            var started = Stopwatch.GetTimestamp();
            var items = await callAsync(caller, n);
            latencies.Add(started, items);
        }

        return latencies;
    }
}
