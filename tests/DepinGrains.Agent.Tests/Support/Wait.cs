using System.Diagnostics;

namespace DepinGrains.Agent.Tests.Support;

/// <summary>Waits for conditions, never for time.</summary>
internal static class Wait
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(condition, () => what);

    public static Task UntilAsync(Func<bool> condition, Func<string> what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static Task UntilAsync(Func<Task<bool>> condition, string what) => UntilAsync(condition, () => what);

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var since = Stopwatch.StartNew();
        while (!await condition())
        {
            if (since.Elapsed >= Bound)
            {
                Assert.Fail($"waited {Bound} for: {what()}");
            }

            await Task.Delay(20);
        }
    }

    public static async Task<T> ForAsync<T>(Func<T?> value, string what)
        where T : class
    {
        T? found = null;
        await UntilAsync(() => (found = value()) is not null, what);
        return found!;
    }
}
