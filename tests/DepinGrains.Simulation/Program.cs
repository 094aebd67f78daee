using System.Diagnostics;
using System.Globalization;
using DepinGrains.Simulation;

var first = 1UL;
var last = 1UL;
var steps = SimulationSettings.DefaultSteps;
var bug = PlantedBug.None;
var trace = false;
var life = Life.Market;
for (var i = 0; i < args.Length; i++)
{
    var value = i + 1 < args.Length ? args[i + 1] : "";
    switch (args[i])
    {
        case "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out first):
            (last, i) = (first, i + 1);
            break;
        case "--seeds" when value.Split("..") is [var from, var to] && ulong.TryParse(from, CultureInfo.InvariantCulture, out first) && ulong.TryParse(to, CultureInfo.InvariantCulture, out last):
            i++;
            break;
        case "--steps" when int.TryParse(value, CultureInfo.InvariantCulture, out steps):
            i++;
            break;
        case "--bug" when Enum.TryParse(value, out bug):
            i++;
            break;
        case "--life" when Enum.TryParse(value, true, out life):
            i++;
            break;
        case "--trace":
            trace = true;
            break;
        default:
            await Console.Error.WriteLineAsync("usage: --seed N | --seeds A..B [--steps M] [--trace] [--life market|stake|subnets] [--bug NoVersionCheck|ForgottenCommit|PaidTwice]");
            return 64;
    }
}

if (first == last)
{
    var result = SimulationRunner.Run(new SimulationSettings(first, steps, bug, life), trace ? Console.Out : null);
    Console.WriteLine($"seed {first}: {result.Hash:x16} {(result.IsClean ? "clean" : "FAILED")} ({result.SchedulerSteps} turns, {result.Commits} commits)");
    if (!result.IsClean)
    {
        Console.WriteLine(result.Report());
    }

    return result.IsClean ? 0 : 1;
}

var covered = new SortedDictionary<string, int>(StringComparer.Ordinal);
var (done, turns, commits, started) = (0, 0L, 0L, Stopwatch.GetTimestamp());
var failures = SimulationRunner.RunMany(first, last, steps, bug, life, result =>
{
    (done, turns, commits) = (done + 1, turns + result.SchedulerSteps, commits + result.Commits);
    foreach (var (name, times) in result.Covered)
    {
        covered[name] = covered.GetValueOrDefault(name) + times;
    }

    if (!result.IsClean)
    {
        Console.WriteLine($"seed {result.Settings.Seed}: {string.Join("; ", result.Problems.Take(2))}");
    }
});
var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
Console.WriteLine($"{done} seeds, {failures.Count} failed, {done / seconds:F1} seeds/s, {turns / done} turns and {commits / done} commits each");
if (trace)
{
    foreach (var (name, times) in covered)
    {
        Console.WriteLine($"{times,9} {name}");
    }
}

return failures.Count == 0 ? 0 : 1;
