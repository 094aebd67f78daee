using System.Diagnostics;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Tests;

/// <summary>The agent as a process of its own.</summary>
public sealed class AgentProcessTests
{
    [Fact]
    public async Task Agent_killed_and_started_again_keeps_its_workload_and_its_log()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness();
        var spec = AgentHarness.Shell("echo pid-$$; i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.1; done");
        gateway.Want(spec);
        using (var first = Start(gateway, harness.WorkDirectory))
        {
            await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "tick-5"));
            first.Kill();
            await first.WaitForExitAsync();
        }

        var reports = gateway.DistinctReports;
        using var second = Start(gateway, harness.WorkDirectory);
        await Wait.UntilAsync(() => gateway.Heartbeats.Any(h => h.Session >= 2), "the second session");
        var lines = await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "tick-30"));
        Assert.Single(lines, l => l.StartsWith("pid-", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(1, 30).Select(i => "tick-" + i), lines.Where(l => l.StartsWith("tick-", StringComparison.Ordinal)).Take(30));
        Assert.Equal(reports, gateway.DistinctReports);

        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Stopped, "stopped");
        second.Kill();
        await second.WaitForExitAsync();
    }

    [Fact]
    public async Task Process_of_a_retired_node_ends_with_77_and_bad_settings_with_78()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness();
        gateway.Refusal = new GatewayRefusal("node.retired", "retired", true);
        using var retired = Start(gateway, harness.WorkDirectory);
        await retired.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(77, retired.ExitCode);
        using var wrong = Start(gateway, harness.WorkDirectory, "--port-min", "0");
        await wrong.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(78, wrong.ExitCode);
    }

    private static Process Start(TestGateway gateway, string workDirectory, params string[] more)
    {
        // The agent's own build folder: the test's lacks libraries that the web framework brings along.
        var own = AppContext.BaseDirectory.Replace(Path.Combine("tests", "DepinGrains.Agent.Tests"), Path.Combine("src", "DepinGrains.Agent"), StringComparison.Ordinal);
        var info = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])
            [Path.Combine(own, "DepinGrains.Agent.dll"), "run", "--gateway", gateway.Address, "--work-dir", workDirectory, "--native", "true", "--allow", "sh=/bin/sh", "--containers", "false", "--Workloads:UsageInterval=01:00:00", .. more])
        {
            info.ArgumentList.Add(argument);
        }

        info.Environment["DEPIN_AGENT__JoinToken"] = "token-1";
        var process = Process.Start(info)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
