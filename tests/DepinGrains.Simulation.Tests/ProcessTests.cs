using System.Diagnostics;
using DepinGrains.Grains.Ledgers;
using DepinGrains.Grains.Nodes;
using DepinGrains.Simulation.Worlds;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Simulation.Tests;

/// <summary>The program as a person starts it.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task The_same_seed_gives_the_same_trace_hash_in_two_processes()
    {
        var first = await RunAsync("--seed", "7");
        var second = await RunAsync("--seed", "7");
        Assert.Equal((0, 0), (first.Exit, second.Exit));
        Assert.Equal(first.Output, second.Output);
        Assert.Contains($"{SimulationRunner.Run(new SimulationSettings(7)).Hash:x16} clean", first.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_silo_would_draw_by_chance_comes_from_the_seed()
    {
        var (first, second, other) = (Drawn(7), Drawn(7), Drawn(8));
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.Equal(first.Length, first.Distinct().Count());
    }

    private static string[] Drawn(ulong seed)
    {
        using var world = new World(new SimulationSettings(seed), null);
        string[] drawn = [];
        world.Scheduler.Run(
            async () =>
            {
                await world.StartAsync(wake: false);
                var (nonces, writers) = (world.Services!.GetRequiredService<IBenchmarkNonces>(), world.Services!.GetRequiredService<ILedgerWriterIds>());
                drawn = [.. Enumerable.Range(0, 4).SelectMany(_ => (string[])[Convert.ToHexString(nonces.Next()), Convert.ToHexString(writers.Next())])];
            },
            TimeSpan.FromDays(1));
        return drawn;
    }

    [Fact]
    public async Task A_failing_seed_exits_with_1_and_says_how_to_run_it_again()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var run = await RunAsync("--seeds", $"{seed}..{seed + 19}", "--bug", "PaidTwice");
            if (run.Exit == 1)
            {
                var failed = run.Output.Split('\n').First(static l => l.StartsWith("seed ", StringComparison.Ordinal))["seed ".Length..].Split(':')[0];
                var again = await RunAsync("--seed", failed, "--bug", "PaidTwice");
                Assert.Equal(1, again.Exit);
                Assert.Contains($"again: dotnet run --project tests/DepinGrains.Simulation -p:GrainRuntime=Local -- --seed {failed}", again.Output, StringComparison.Ordinal);
                return;
            }
        }

        Assert.Fail("no seed failed");
    }

    private static async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "DepinGrains.Simulation.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
