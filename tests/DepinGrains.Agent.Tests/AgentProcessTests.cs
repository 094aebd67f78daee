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

    /// <summary>What the owner of a machine sees of it: who is connected, what runs, what went wrong and how much is left; at loopback, with labels that no tenant can multiply.</summary>
    [Fact]
    public async Task Metrics_tell_connections_heartbeats_workloads_errors_and_capacity_at_loopback()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness();
        var runs = AgentHarness.Shell("while :; do sleep 1; done", "lease-runs");
        var ends = AgentHarness.Shell("exit 3", "lease-ends", "job");
        var never = AgentHarness.Shell("", "lease-never") with { Image = "native:unknown" };
        gateway.Want(runs, ends, never);
        var port = DepinGrains.Testing.Ports.Free();
        using var agent = Start(gateway, harness.WorkDirectory, "--metrics-port", port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--Workloads:BackOffMin=00:10:00", "--Workloads:BackOffMax=00:20:00", "--Connection:BackOffMin=00:00:00.020");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var page = "";
        async Task<bool> SaysAsync(params string[] lines)
        {
            try
            {
                page = await client.GetStringAsync("/metrics");
            }
            catch (HttpRequestException)
            {
                return false;
            }

            return lines.All(line => page.Split('\n').Contains(line));
        }

        await Wait.UntilAsync(
            () => SaysAsync(
                "depin_agent_connected 1",
                "depin_agent_connections_total 1",
                "depin_agent_workloads{phase=\"running\"} 1",
                "depin_agent_workloads{phase=\"back_off\"} 1",
                "depin_agent_workloads{phase=\"failed\"} 1",
                "depin_agent_executor_errors_total{executor=\"native\",kind=\"ended\"} 1",
                "depin_agent_executor_errors_total{executor=\"native\",kind=\"refused\"} 1",
                "depin_agent_capacity_cpu{state=\"reserved\"} 1.5",
                $"depin_agent_capacity_memory_bytes{{state=\"reserved\"}} {3L * (256 << 20)}"),
            "all of it is told");
        Assert.Contains("depin_agent_capacity_storage_bytes{state=\"free\"}", page, StringComparison.Ordinal);
        Assert.DoesNotContain("lease-", page, StringComparison.Ordinal);
        Assert.Equal("ok\n", await client.GetStringAsync("/health/ready"));

        // A gateway that goes away: not ready, then connected once more.
        var beats = await BeatsAsync(client);
        await gateway.StopListeningAsync();
        gateway.CutConnections();
        await Wait.UntilAsync(() => SaysAsync("depin_agent_connected 0"), "the loss is told");
        Assert.Equal(503, (int)(await client.GetAsync("/health/ready")).StatusCode);
        await gateway.ListenAsync();
        await Wait.UntilAsync(() => SaysAsync("depin_agent_connected 1", "depin_agent_connections_total 2"), "the reconnection is told");
        await Wait.UntilAsync(async () => await BeatsAsync(client) > beats, "it beats on");
        Assert.DoesNotContain("depin_agent_connection_failures_total 0", page.Split('\n'));

        // For nobody else, and only what it is for.
        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Host = "rebound.example" } };
        Assert.Equal(421, (int)(await client.SendAsync(foreign)).StatusCode);
        Assert.Equal(404, (int)(await client.GetAsync("/")).StatusCode);

        // A port that somebody else has is a setting that cannot be.
        await using var second = new AgentHarness();
        using var taken = Start(gateway, second.WorkDirectory, "--metrics-port", port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await taken.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(78, taken.ExitCode);
        gateway.Want();
        await Wait.UntilAsync(() => SaysAsync("depin_agent_workloads{phase=\"running\"} 0", "depin_agent_capacity_cpu{state=\"reserved\"} 0"), "nothing runs");
        agent.Kill();
        await agent.WaitForExitAsync();
    }

    private static async Task<long> BeatsAsync(HttpClient client) =>
        long.Parse((await client.GetStringAsync("/metrics")).Split('\n').Single(static l => l.StartsWith("depin_agent_heartbeats_total ", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

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
