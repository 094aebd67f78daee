using DepinGrains.Agent.Connection;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Agent.Workloads;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Testing;

namespace DepinGrains.Agent.Tests;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Join_whose_answer_is_lost_is_asked_again_and_gives_one_node()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.LoseJoinAnswers = 2;
        await using var harness = new AgentHarness(gateway);
        harness.Start();

        await Wait.UntilAsync(() => gateway.Heartbeats.Count > 2, "heartbeats");
        Assert.Equal(3, gateway.JoinsSeen);
        Assert.Equal("node-1", Assert.Single(gateway.Nodes));
        Assert.Equal("node-1", harness.Agent!.NodeId);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(harness.WorkDirectory, "private", "node-key.pem")));
    }

    [Fact]
    public async Task Used_token_is_a_final_refusal()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Token = "another";
        await using var harness = new AgentHarness(gateway);
        harness.Start();
        var refused = await Assert.ThrowsAsync<AgentRefusedException>(() => harness.Run.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("node.join_token_used", refused.Code);
    }

    [Fact]
    public async Task Final_refusal_of_the_hello_ends_the_agent_and_another_one_does_not()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Refusal = new GatewayRefusal("node.busy", "come back", false);
        await using var harness = new AgentHarness(gateway);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Hellos.Count >= 3, "three tries");
        gateway.Refusal = new GatewayRefusal("node.retired", "retired", true);
        var refused = await Assert.ThrowsAsync<AgentRefusedException>(() => harness.Run.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("node.retired", refused.Code);
    }

    [Fact]
    public async Task Agent_goes_to_the_next_gateway_when_one_is_away()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness();
        harness.Options.Gateways.Add($"http://127.0.0.1:{Ports.Free()}");
        harness.Options.Gateways.Add(gateway.Address.Replace("http", "ws", StringComparison.Ordinal));
        harness.Options.JoinToken = "token-1";
        harness.Start();
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > 2, "heartbeats at the second gateway");
    }

    [Fact]
    public async Task Cut_connection_is_made_again_with_a_new_session_and_the_same_boot()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > 1, "heartbeats");
        gateway.CutConnections();
        await Wait.UntilAsync(() => gateway.Heartbeats.Any(h => h.Session == 2), "second session");
        await gateway.StopListeningAsync();
        await gateway.ListenAsync();
        await Wait.UntilAsync(() => gateway.Heartbeats.Any(h => h.Session >= 3), "third session");
        Assert.Single(gateway.Hellos.Select(h => h.Boot).Distinct());
    }

    [Fact]
    public async Task Silent_gateway_is_given_up()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.AnswerHeartbeats = false;
        await using var harness = new AgentHarness(gateway);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Hellos.Count >= 2, "a second hello");
    }

    [Fact]
    public async Task Unacknowledged_report_is_sent_again_unchanged_over_connections_and_restarts()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.AcknowledgeReports = false;
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("while :; do sleep 1; done");
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Reports.Count >= 2, "a repeated report");
        gateway.CutConnections();
        await Wait.UntilAsync(() => gateway.Reports.Any(r => r.Session == 2), "the report on the second session");
        await harness.StopAsync();
        harness.Start();
        await Wait.UntilAsync(() => gateway.Reports.Any(r => r.Session == 3), "the report after a restart");

        // One report, whatever happened since: same number, same statuses.
        Assert.Single(gateway.Reports.Select(r => r.Sequence).Distinct());
        var first = gateway.Reports.First().Workloads;
        Assert.All(gateway.Reports, r => Assert.Equal(first, r.Workloads));
        gateway.AcknowledgeReports = true;
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "the next report");
    }

    [Fact]
    public async Task Overtaken_older_state_does_not_stop_what_runs()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("while :; do sleep 1; done");
        gateway.Want();
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "running");
        await gateway.SendAsync(new GatewayDesiredState(new DesiredState(1, [], [])));
        var seen = gateway.Heartbeats.Count;
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > seen + 5, "more heartbeats");
        Assert.All(gateway.Heartbeats.TakeLast(2), h => Assert.Equal(2, h.AppliedGeneration));
        Assert.Equal(WorkloadPhase.Running, gateway.Last(spec.Id)!.Phase);
    }

    [Fact]
    public async Task Second_agent_on_the_same_folder_does_not_start()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > 1, "heartbeats");
        var second = new DepinAgent(harness.Options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await Assert.ThrowsAsync<IOException>(() => second.RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Shell_runs_inside_the_workload_with_its_environment()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("echo up; while :; do sleep 1; done") with { Env = ["COLOUR=green"] };
        gateway.Want(spec);
        harness.Start();
        await NativeWorkloadTests.LogLinesAsync(gateway, spec.Id, l => l.Any(x => x.Text == "up"));

        await gateway.SendAsync(new GatewayShellOpen("s1", spec.Id, ["/bin/sh"]));
        await gateway.SendAsync(new GatewayStreamData("s1", Base64("echo $COLOUR; "), false));
        await gateway.SendAsync(new GatewayStreamData("s1", Base64("echo err >&2; ls /proc | grep -c '^1$'; exit 7\n"), true));
        Assert.Equal(7, (await gateway.ClosedAsync("s1")).ExitCode);
        var text = System.Text.Encoding.UTF8.GetString(gateway.Output("s1"));
        Assert.Contains("green\n", text, StringComparison.Ordinal);
        Assert.Contains("err\n", text, StringComparison.Ordinal);

        await gateway.SendAsync(new GatewayShellOpen("s2", "nobody/x/0", ["ls"]));
        Assert.Equal((126, "stream.broken"), ((await gateway.ClosedAsync("s2")).ExitCode, (await gateway.ClosedAsync("s2")).Code));
        Assert.Contains("does not run that workload", System.Text.Encoding.UTF8.GetString(gateway.Output("s2")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_writes_without_end_and_one_that_reads_nothing_wait_and_the_node_lives_on()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.GivesCredit = false;
        await using var harness = new AgentHarness(gateway);
        var spec = AgentHarness.Shell("for i in $(seq 1 200000); do echo $i; done; sleep 1000");
        gateway.Want(spec);
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(spec.Id)?.Phase == WorkloadPhase.Running, "it runs");
        await gateway.SendAsync(new GatewayLogRequest("logs", spec.Id, 0, 0, true));
        await gateway.SendAsync(new GatewayShellOpen("writes", spec.Id, ["/bin/sh", "-c", "yes"]));
        await gateway.SendAsync(new GatewayShellOpen("deaf", spec.Id, ["/bin/sh", "-c", "sleep 1000"]));
        for (var i = 0; i < AgentProtocol.StreamWindow; i++)
        {
            await gateway.SendAsync(new GatewayStreamData("deaf", Convert.ToBase64String(new byte[AgentProtocol.StreamFrameBytesMax]), false));
        }

        int Frames(string id) => gateway.Streams.OfType<AgentStreamData>().Count(d => d.Id == id) + gateway.Logs.Count(l => l.Id == id);
        await Wait.UntilAsync(() => Frames("logs") == AgentProtocol.StreamWindow && Frames("writes") == AgentProtocol.StreamWindow, "both windows are full");
        var beats = gateway.Heartbeats.Count;
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > beats + 5, "five more heartbeats");
        Assert.Equal((AgentProtocol.StreamWindow, AgentProtocol.StreamWindow), (Frames("logs"), Frames("writes")));
        Assert.DoesNotContain(gateway.Streams, static m => m is AgentStreamClosed);

        // Credit lets them go on; closing kills.
        await gateway.SendAsync(new GatewayStreamCredit("writes", 3));
        await Wait.UntilAsync(() => Frames("writes") == AgentProtocol.StreamWindow + 3, "three more");
        foreach (var id in (string[])["logs", "writes", "deaf"])
        {
            await gateway.SendAsync(new GatewayStreamClose(id));
            Assert.Equal(("stream.closed", null), ((await gateway.ClosedAsync(id)).Code, (await gateway.ClosedAsync(id)).ExitCode));
        }

        Assert.All(gateway.Heartbeats, static h => Assert.Equal(1, h.Session));
    }

    [Fact]
    public void Waits_double_up_to_the_longest_and_jitter_takes_at_most_half()
    {
        var (min, max) = (TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(30));
        Assert.Equal([0.25, 0.5, 1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 9).Select(i => RestartBackOff.Wait(i, min, max).TotalSeconds));
        Assert.Equal(max, RestartBackOff.Wait(int.MaxValue, min, max));
        Assert.Equal(15, RestartBackOff.Jittered(100, min, max, 0).TotalSeconds, 3);
        Assert.Equal(30, RestartBackOff.Jittered(100, min, max, 0.999999).TotalSeconds, 3);
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
}
