using System.Diagnostics;
using DepinGrains.Benchmarks.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Benchmarks.Runtime;

/// <summary>What the runtime's child process is told.</summary>
/// <param name="Callers">Callers, and grains.</param>
/// <param name="Seconds">Length of the measured run.</param>
/// <param name="Idle">How many activations to weigh; 0 = measure calls.</param>
/// <param name="WarmUp">Seconds of the same calls before, so that Orleans' methods, which come without native code, are compiled for good.</param>
internal sealed record RuntimeLoad(int Callers, int Seconds, int Idle, int WarmUp);

/// <summary>What it measured: calls per second, percentiles in milliseconds, calls of the least and the most served caller; bytes of managed memory per idle activation.</summary>
internal sealed record RuntimeLoaded(double Rate, double P50, double P99, double Seconds, long Least, long Most, double BytesEach);

/// <summary>Empty calls and idle activations on the runtime of this build, in a process of its own.</summary>
internal static class RuntimeChild
{
    public static async Task<IHost> StartAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        GrainHost.Add(builder);
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    public static async Task<RuntimeLoaded> RunAsync(IHost host, RuntimeLoad load)
    {
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        return load.Idle > 0 ? await IdleAsync(grains, load.Idle) : await CallsAsync(grains, load);
    }

    private static async Task<RuntimeLoaded> CallsAsync(IGrainFactory grains, RuntimeLoad load)
    {
        await LoopsAsync(grains, load with { Seconds = load.WarmUp });
        var started = Stopwatch.GetTimestamp();
        var loops = await LoopsAsync(grains, load);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var all = new Latencies();
        foreach (var loop in loops)
        {
            all.Merge(loop);
        }

        return new RuntimeLoaded(all.Count / elapsed, all.Percentile(0.5), all.Percentile(0.99), elapsed, loops.Min(static l => l.Count), loops.Max(static l => l.Count), 0);
    }

    private static Task<Latencies[]> LoopsAsync(IGrainFactory grains, RuntimeLoad load)
    {
        var end = Stopwatch.GetTimestamp() + (load.Seconds * Stopwatch.Frequency);
        return Task.WhenAll(Enumerable.Range(0, load.Callers).Select(caller => Task.Run(async () =>
        {
            var (grain, latencies) = (grains.GetGrain<IPingGrain>(caller), new Latencies());
            while (Stopwatch.GetTimestamp() < end)
            {
                // A block of calls per look at the clock, or the clock would be what is measured.
                var started = Stopwatch.GetTimestamp();
                for (var i = 0; i < 10; i++)
                {
                    await grain.PingAsync(i);
                }

                latencies.Add(Stopwatch.GetElapsedTime(started) / 10, 10);
            }

            return latencies;
        })));
    }

    private static async Task<RuntimeLoaded> IdleAsync(IGrainFactory grains, int count)
    {
        // The first ones grow tables and pools that are no activation's own.
        await ActivateAsync(grains, 1_000_000, 2_000);
        var before = Settled();
        await ActivateAsync(grains, 0, count);
        return new RuntimeLoaded(0, 0, 0, 0, 0, 0, (double)(Settled() - before) / count);
    }

    private static Task ActivateAsync(IGrainFactory grains, int first, int count) =>
        Parallel.ForAsync(first, first + count, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => await grains.GetGrain<IPingGrain>(i).PingAsync(i));

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
