using System.Diagnostics;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>Waiting for conditions, with a bound.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks until it holds. <paramref name="hopeless"/> ends the waiting early with a reason.</summary>
    public static async Task TrueAsync(string what, Func<Task<bool>> ask, int seconds, Func<string?>? hopeless = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await ask())
        {
            if (hopeless?.Invoke() is { } reason)
            {
                throw new InvalidOperationException($"{what}: {reason}");
            }

            if (watch.Elapsed > TimeSpan.FromSeconds(seconds))
            {
                throw new TimeoutException($"{what}: not within {seconds} s");
            }

            await PauseAsync();
        }
    }

    /// <summary>One short pause between two looks.</summary>
    public static Task PauseAsync() => PauseAsync(Pause);

    /// <summary>A pause that is part of a fault's script: how long it lasts.</summary>
    public static async Task PauseAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync();
    }
}
