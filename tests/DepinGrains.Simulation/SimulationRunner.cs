using DepinGrains.Simulation.Scenarios;
using DepinGrains.Simulation.Worlds;

namespace DepinGrains.Simulation;

/// <summary>Runs seeds.</summary>
public static class SimulationRunner
{
    /// <summary>More simulated time than any run takes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromDays(2);

    /// <summary>One seed, on this thread. <paramref name="output"/> gets every trace line.</summary>
    public static SimulationResult Run(SimulationSettings settings, TextWriter? output = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var world = new World(settings, output);
        try
        {
            var scenario = new Scenario(world);
            world.Scheduler.Run(scenario.RunAsync, Limit);
        }
        catch (Exception e)
        {
            world.Problems.Add($"the run broke off: {e.GetType().Name}: {e.Message} at {LogWatch.Where(e)}");
        }

        var hash = (world.Trace.Hash ^ world.Scheduler.TraceHash) * 1099511628211;
        return new SimulationResult(settings, hash, [.. world.Problems.All], [.. world.Trace.Last], world.Scheduler.Steps, world.Commits, world.Covered);
    }

    /// <summary>Seeds from <paramref name="first"/> to <paramref name="last"/>; answers the failures.</summary>
    public static IReadOnlyList<SimulationResult> RunMany(ulong first, ulong last, int steps, PlantedBug bug, Life life, Action<SimulationResult>? each = null)
    {
        var failures = new List<SimulationResult>();
        for (var seed = first; seed <= last; seed++)
        {
            var result = Run(new SimulationSettings(seed, steps, bug, life));
            each?.Invoke(result);
            if (!result.IsClean)
            {
                failures.Add(result);
            }
        }

        return failures;
    }
}
