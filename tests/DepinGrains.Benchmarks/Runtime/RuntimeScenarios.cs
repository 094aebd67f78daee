using System.Globalization;
using DepinGrains.Benchmarks.Harness;

namespace DepinGrains.Benchmarks.Runtime;

/// <summary>LocalRuntime against Orleans, each as a child process of its own build.</summary>
internal static class RuntimeScenarios
{
    private const int Count = 100;
    private const string Layout = "callers and grains in one process; one build each, in turn";

    /// <summary>An empty call, 100 callers on 100 grains.</summary>
    public static async Task CallsAsync(Bench bench)
    {
        var (least, most, warmUp) = (0L, 0L, bench.Settings.Size(15, 5));
        var medians = await bench.InterleaveAsync(
            new Side("Orleans, in-process ping", async seconds => (await RunAsync("Orleans", new RuntimeLoad(Count, seconds, 0, warmUp))).Measured, Warms: false),
            new Side("LocalRuntime, the same", async seconds =>
            {
                var (measured, loaded) = await RunAsync("Local", new RuntimeLoad(Count, seconds, 0, warmUp));
                (least, most) = (loaded.Least, loaded.Most);
                return measured;
            }, Warms: false));
        var fair = (double)most / Math.Max(1, least);
        bench.Report.Add(new Line("calls", "LocalRuntime call, 100 callers", medians[1].Rate, "/s", "≥ 1 ×, most served ≤ 2 × least", medians[1].Rate >= medians[0].Rate && fair <= 2)
        {
            P50 = medians[1].Chosen.P50, P99 = medians[1].Chosen.P99, Peer = "Orleans, in-process ping", PeerValue = medians[0].Rate, Ratio = medians[1].Rate / medians[0].Rate,
            Foreign = Math.Max(medians[0].Chosen.Cpu.Foreign, medians[1].Chosen.Cpu.Foreign), Idle = medians[1].Chosen.Cpu.Idle, Runtime = "Local", Layout = Layout,
            Note = string.Create(CultureInfo.InvariantCulture, $"most served caller {fair:F2} × the least"), Runs = medians[1].All, PeerRuns = medians[0].All,
        });
    }

    /// <summary>Managed memory of 100,000 activations that were called once.</summary>
    public static async Task IdleAsync(Bench bench)
    {
        foreach (var runtime in (string[])["Local", "Orleans"])
        {
            var (measured, loaded) = await RunAsync(runtime, new RuntimeLoad(0, 0, 100_000, 0));
            Bench.Say($"{runtime}: {loaded.BytesEach:N0} bytes per idle activation");
            bench.AddAtMost("idle", $"100,000 idle activations on {runtime}, each", loaded.BytesEach / 1024, "KB", 2, measured.Cpu, "none", "child process", "managed memory");
        }
    }

    private static async Task<(Measured Measured, RuntimeLoaded Loaded)> RunAsync(string runtime, RuntimeLoad load)
    {
        await using var child = await Child.LoaderAsync("runtime", load, await Programs.BenchmarksOfAsync(runtime));
        var machine = Machine.Watch();
        var loaded = await child.GoAsync<RuntimeLoaded>();
        return (new Measured(runtime, loaded.Rate, loaded.P50, loaded.P99, loaded.Seconds, machine.Stop()), loaded);
    }
}
