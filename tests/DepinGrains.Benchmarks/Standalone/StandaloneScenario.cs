using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Http;

namespace DepinGrains.Benchmarks.Standalone;

/// <summary>How soon standalone answers after its start, on a new data folder and on one it knows, and what it holds when it has nothing to do. With its agent, as a person starts it.</summary>
internal static class StandaloneScenario
{
    public static async Task RunAsync(Bench bench)
    {
        var (fresh, known, resident) = (new List<double>(), new List<double>(), new List<double>());
        var machine = Machine.Watch();
        for (var round = 0; round < Math.Max(bench.Settings.Rounds, 3); round++)
        {
            using var data = new TemporaryFolder();
            await using (var first = await StandaloneServer.StartAsync(data.Path))
            {
                fresh.Add(first.Started.TotalSeconds);
            }

            await using var again = await StandaloneServer.StartAsync(data.Path);
            known.Add(again.Started.TotalSeconds);
            if (round == 0)
            {
                // Idle: the agent has joined, timers run, nobody asks.
                await Task.Delay(TimeSpan.FromSeconds(bench.Settings.Size(30, 8)));
                resident.Add(again.Process.ResidentBytes / 1e6);
            }

            Bench.Say($"ready after {fresh[^1]:F2} s on a new folder, {known[^1]:F2} s on a known one; {resident[0]:F0} MB resident when idle");
        }

        var cpu = machine.Stop();
        const string layout = "one process with its agent, built Release";
        bench.AddAtMost("standalone", "ready after start, new data folder", Median(fresh), "s", 2, cpu, "SQLite", layout);
        bench.AddAtMost("standalone", "ready after start, known data folder", Median(known), "s", 2, cpu, "SQLite", layout);
        bench.AddAtMost("standalone", "resident memory when idle", resident[0], "MB", 150, cpu, "SQLite", layout);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
