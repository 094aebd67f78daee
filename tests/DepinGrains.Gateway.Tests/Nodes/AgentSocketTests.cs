using System.Collections.Immutable;
using System.Text;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>The agents' WebSocket end to end, spoken to by bare frames: who gets in, what is fenced, what is noticed.</summary>
public sealed class AgentSocketTests(NodeHost host) : IClassFixture<NodeHost>
{
    [Fact]
    public async Task An_agent_with_the_nodes_key_gets_a_session_and_its_beats_are_answered()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        Assert.Equal(1, agent.Welcome.Session);
        Assert.Equal(300, agent.Welcome.HeartbeatIntervalMs);
        Assert.Equal((5, 300), ((await agent.BeatAsync(5)) is var ack ? ((int)ack.Sequence, ack.HeartbeatIntervalMs) : default));
        Assert.Equal(NodeStatus.Online, await host.StatusAsync(node));
    }

    [Theory]
    [InlineData("""{"type":"heartbeat","session":1,"sequence":7,"appliedGeneration":0}""")]
    [InlineData(""" { "appliedGeneration" : 0 , "sequence" : 7 , "session" : 1 , "type" : "heartbeat" } """)]
    [InlineData("""{"sequence":7,"session":1,"type":"heartbeat"}""")]
    [InlineData("""{"type":"heartbeat","Session":"1","SEQUENCE":7,"appliedGeneration":0}""")]
    [InlineData("""{"type":"heartbeat","session":1,"sequence":6,"sequence":7,"appliedGeneration":0,"added":{"later":[1]}}""")]
    [InlineData("""{"type":"heart\u0062eat","session":1,"sequence":7,"appliedGeneration":0}""")]
    public async Task A_beat_is_understood_in_every_spelling_the_serializer_knows(string text)
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        Assert.Equal(7, (await agent.BeatAsync(Encoding.UTF8.GetBytes(text), static _ => true)).Sequence);
    }

    [Theory]
    [InlineData("""{"type":"heartbeat","session":1,"sequence":7,"appliedGeneration":0}x""")]
    [InlineData("""{"type":"heartbeat","session":1,"sequence":7,"appliedGeneration":0""")]
    [InlineData("""{"type":"heartbeat","session":1,"sequence":99999999999999999999,"appliedGeneration":0}""")]
    [InlineData("""{"type":"heartbeat","session":1,"sequence":[7],"appliedGeneration":0}""")]
    [InlineData("[]")]
    public async Task What_is_almost_a_beat_ends_the_connection(string text)
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        await agent.SendAsync(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal("agent.protocol", (await agent.ReceiveAsync<GatewayRefusal>()).Code);
    }

    [Fact]
    public async Task Another_key_an_unknown_node_and_another_nonce_are_turned_away()
    {
        var (_, node) = await host.JoinedAsync();
        using var thief = SigningKey.Generate();
        var (wrongKey, answer) = await RawAgent.HelloAsync(host, node, thief);
        await using var first = wrongKey;
        Assert.Equal(("identity.signature_invalid", false), answer is GatewayRefusal refusal ? (refusal.Code, refusal.Final) : default);
        Assert.Null(await wrongKey.ReceiveAsync());

        var (unknown, missing) = await RawAgent.HelloAsync(host, "node_" + new string('a', 32), thief);
        await using var second = unknown;
        Assert.Equal("node.not_found", Assert.IsType<GatewayRefusal>(missing).Code);

        await using var replay = await RawAgent.OpenAsync(host);
        await replay.ReceiveAsync();
        await replay.SendAsync(new AgentHello(node, "another", 0, new string('A', 86), RawAgent.Hardware(), "1", "b"));
        Assert.IsType<GatewayRefusal>(await replay.ReceiveAsync());
        Assert.Equal(NodeStatus.Joining, await host.StatusAsync(node));
    }

    [Fact]
    public async Task Of_two_agents_with_one_key_the_newer_wins_and_the_older_is_told_never_to_come_back()
    {
        var (key, node) = await host.JoinedAsync();
        await using var older = await RawAgent.ConnectAsync(host, node, key);
        await using var newer = await RawAgent.ConnectAsync(host, node, key);
        Assert.Equal(older.Welcome.Session + 1, newer.Welcome.Session);
        GatewayMessage? last = null;
        for (GatewayMessage? message; (message = await older.ReceiveAsync()) is not null;)
        {
            last = message;
        }

        Assert.Equal(("node.session_replaced", true), last is GatewayRefusal refusal ? (refusal.Code, refusal.Final) : default);
        Assert.Equal(1, (await newer.BeatAsync(1)).Sequence);
        Assert.Equal(2, host.Connections.Find(node)!.Session);
    }

    [Fact]
    public async Task A_vanished_agent_is_noticed_and_comes_back_with_a_new_session()
    {
        var (key, node) = await host.JoinedAsync();
        await using (var agent = await RawAgent.ConnectAsync(host, node, key))
        {
            await agent.BeatAsync(1);
            agent.Abort();
        }

        await host.BecomesAsync(node, NodeStatus.Offline);
        await using var back = await RawAgent.ConnectAsync(host, node, key);
        Assert.Equal(2, back.Welcome.Session);
        await host.BecomesAsync(node, NodeStatus.Online);
    }

    [Fact]
    public async Task A_connected_agent_that_does_not_beat_is_declared_dead_and_asked_to_connect_again()
    {
        var (key, node) = await host.JoinedAsync();
        await using var mute = await RawAgent.ConnectAsync(host, node, key);
        await host.BecomesAsync(node, NodeStatus.Offline);

        // An agent that is heard again goes on beating until it is told: one beat alone may be lost with the batch it was in.
        using var told = new CancellationTokenSource();
        var beating = mute.KeepBeatingAsync(TimeSpan.FromMilliseconds(100), told.Token);
        GatewayMessage? last = null;
        for (GatewayMessage? message; (message = await mute.ReceiveAsync()) is not null;)
        {
            last = message;
        }

        await told.CancelAsync();
        await beating;
        Assert.Equal(("node.session_ended", false), last is GatewayRefusal refusal ? (refusal.Code, refusal.Final) : default);
    }

    [Fact]
    public async Task A_new_desired_state_is_announced_at_once_and_pulled_with_its_secrets()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        var (grain, booking) = await BookAsync(node, "lease-a");
        (await grain.SetWorkloadsAsync(booking.Id, [Workload(booking, "o/1/1/1/p") with { Env = ["SECRET=1"] }])).Require();
        while ((await agent.ReceiveAsync<HeartbeatAck>()).Generation != 1)
        {
        }

        await agent.SendAsync(new AgentPull(agent.Welcome.Session));
        var desired = (await agent.ReceiveAsync<GatewayDesiredState>()).State;
        Assert.Equal((1, "SECRET=1"), ((int)desired.Generation, desired.Workloads[0].Env[0]));
    }

    [Fact]
    public async Task Reports_reach_their_lease_once_and_those_of_another_session_or_node_do_not()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        var leaseId = $"owner/{node[5..15]}/1/1/provider";
        var (_, booking) = await BookAsync(node, leaseId);
        var lease = host.Grains.GetGrain<ILeaseGrain>(leaseId);
        (await lease.OpenAsync(new LeaseTerms("deployments", "owner", host.Provider, "d", "uakt", "1", [booking], 0, TimeProvider.System.GetUtcNow()), [])).Require();
        var spec = Workload(booking, leaseId);
        (await lease.DeployAsync([spec])).Require();

        await agent.SendAsync(new AgentReport(agent.Welcome.Session - 1, 1, [Status(spec.Id, 9, WorkloadPhase.Failed)]));
        await agent.SendAsync(new AgentReport(agent.Welcome.Session, 2, [Status(spec.Id, 1, WorkloadPhase.Running), Status("garbage", 1, WorkloadPhase.Failed)]));
        Assert.Equal(2, (await agent.ReceiveAsync<ReportAck>()).Sequence);
        Assert.Equal(WorkloadPhase.Running, (await lease.GetAsync()).Require().Workloads[0].Status!.Phase);
        var version = (await lease.GetAsync()).Require().Version;

        await agent.SendAsync(new AgentReport(agent.Welcome.Session, 2, [Status(spec.Id, 1, WorkloadPhase.Running)]));
        Assert.Equal(2, (await agent.ReceiveAsync<ReportAck>()).Sequence);
        Assert.Equal(version, (await lease.GetAsync()).Require().Version);

        var (otherKey, otherNode) = await host.JoinedAsync();
        await using var other = await RawAgent.ConnectAsync(host, otherNode, otherKey);
        await other.SendAsync(new AgentReport(other.Welcome.Session, 1, [Status(spec.Id, 99, WorkloadPhase.Failed)]));
        await other.ReceiveAsync<ReportAck>();
        Assert.Equal(WorkloadPhase.Running, (await lease.GetAsync()).Require().Workloads[0].Status!.Phase);
    }

    [Fact]
    public async Task An_agent_whose_hardware_shrank_below_its_bookings_is_refused_with_an_event()
    {
        var (key, node) = await host.JoinedAsync();
        await using (await RawAgent.ConnectAsync(host, node, key))
        {
            await BookAsync(node, "lease-b");
        }

        var (liar, answer) = await RawAgent.HelloAsync(host, node, key, RawAgent.Hardware(cpu: 100));
        await using var socket = liar;
        Assert.Equal(("node.hardware_below_bookings", false), answer is GatewayRefusal refusal ? (refusal.Code, refusal.Final) : default);
        var events = await host.Events.ReadAsync(0, $"node/{node}", 100);
        Assert.Contains(events.Events, e => e.Type == "node.hardware_refused");
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{\"type\":\"nonsense\"}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]")]
    [InlineData("{\"type\":\"heartbeat\",\"session\":\"x\"}")]
    [InlineData("{\"type\":\"hello\"}")]
    public async Task A_breach_of_the_protocol_ends_the_connection(string frame)
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        await agent.SendAsync(Encoding.UTF8.GetBytes(frame));
        Assert.Equal("agent.protocol", Assert.IsType<GatewayRefusal>(await agent.ReceiveAsync()).Code);
        Assert.Null(await agent.ReceiveAsync());
    }

    [Fact]
    public async Task A_message_beyond_the_limit_ends_the_connection()
    {
        var (key, node) = await host.JoinedAsync();
        await using var large = await RawAgent.ConnectAsync(host, node, key);
        await large.SendAsync(new byte[AgentProtocol.MessageBytesMax + 1]);
        Assert.Equal("agent.protocol", Assert.IsType<GatewayRefusal>(await large.ReceiveAsync()).Code);
    }

    [Fact]
    public async Task A_flood_ends_the_connection()
    {
        // Few enough that the slowest sender is faster than what it may send.
        await using var host = new StrictHost();
        await host.InitializeAsync();
        var (key, node) = await host.JoinedAsync();
        await using var flood = await RawAgent.ConnectAsync(host, node, key);
        for (var i = 0; i < 200; i++)
        {
            await flood.SendAsync(new AgentLogs("none", []));
        }

        Assert.Equal("agent.rate_limited", Assert.IsType<GatewayRefusal>(await flood.ReceiveAsync()).Code);
        await NodeHost.EventuallyAsync(() => Task.FromResult(host.Connections.Find(node) is null), "the flood was cut off");
    }

    [Fact]
    public async Task Logs_are_asked_for_streamed_and_cancelled()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        using var stop = new CancellationTokenSource();
        var beats = agent.KeepBeatingAsync(TimeSpan.FromSeconds(1), stop.Token);
        var read = new List<string>();
        var reader = Task.Run(async () =>
        {
            await foreach (var line in host.Connections.StreamLogsAsync(node, "w", 7, 0, follow: true, stop.Token))
            {
                read.Add(line.Text);
                if (read.Count == 2)
                {
                    break;
                }
            }
        });
        var request = await agent.ReceiveAsync<GatewayLogRequest>();
        Assert.Equal(("w", 7L, true), (request.WorkloadId, request.FromOffset, request.Follow));
        await agent.SendAsync(new AgentLogs("unknown", [Line("w", "foreign stream")]));
        await agent.SendAsync(new AgentLogs(request.Id, [Line("neighbour", "foreign workload"), Line("w", "one"), Line("w", "two")]));
        await reader;
        Assert.Equal(["one", "two"], read);
        Assert.Equal(request.Id, (await agent.ReceiveAsync<GatewayStreamClose>()).Id);
        Assert.Equal("node.not_connected", host.Connections.NotConnected("node_other")!.Code);
        await stop.CancelAsync();
        await beats;
    }

    [Fact]
    public async Task A_shell_carries_input_output_and_the_exit_code()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        await using var shell = host.Connections.OpenShell(node, "w", ["sh"]).Require();
        var open = await agent.ReceiveAsync<GatewayShellOpen>();
        await shell.Stream.WriteAsync("ls\n"u8.ToArray());
        Assert.Equal("ls\n", Encoding.UTF8.GetString(Convert.FromBase64String((await agent.ReceiveAsync<GatewayStreamData>()).DataBase64)));
        await agent.SendAsync(new AgentStreamData(open.Id, Convert.ToBase64String("out"u8), End: false));
        await agent.SendAsync(new AgentStreamData(open.Id, "", End: true));
        await agent.SendAsync(new AgentStreamClosed(open.Id, "shell.exited", "", 3));
        using var output = new StreamReader(shell.Stream);
        Assert.Equal(("out", 3), (await output.ReadToEndAsync(), await shell.Exit));
    }

    [Fact]
    public async Task A_program_that_writes_much_within_its_window_costs_its_node_nothing_and_more_costs_it_the_connection()
    {
        const int Many = 400;
        await using var host = new StrictHost();
        await host.InitializeAsync();
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        await using var shell = host.Connections.OpenShell(node, "w", ["yes"]).Require();
        var open = await agent.ReceiveAsync<GatewayShellOpen>();
        var sending = Task.Run(async () =>
        {
            var credit = AgentProtocol.StreamWindow;
            for (var i = 0; i < Many; i++)
            {
                if (credit == 0)
                {
                    credit += (await agent.ReceiveAsync<GatewayStreamCredit>()).Frames;
                }

                credit--;
                await agent.SendAsync(new AgentStreamData(open.Id, "eQo=", End: false));
            }
        });
        await shell.Stream.ReadExactlyAsync(new byte[2 * Many]);
        await sending;
        await agent.BeatAsync(1);
        for (var i = 0; i <= AgentProtocol.StreamWindow; i++)
        {
            await agent.SendAsync(new AgentStreamData(open.Id, "eQo=", End: false));
        }

        GatewayMessage? last;
        while ((last = await agent.ReceiveAsync()) is not GatewayRefusal and not null)
        {
        }

        Assert.Equal("agent.stream_window", Assert.IsType<GatewayRefusal>(last).Code);
    }

    [Fact]
    public async Task Retiring_a_node_ends_its_connection_for_good()
    {
        var (key, node) = await host.JoinedAsync();
        await using var agent = await RawAgent.ConnectAsync(host, node, key);
        using var response = await host.SignedByOwnerAsync($"/v1/nodes/{node}/retire", new { reason = "sold" });
        Assert.True(response.IsSuccessStatusCode);
        GatewayMessage? message;
        do
        {
            message = await agent.ReceiveAsync();
        }
        while (message is HeartbeatAck);
        Assert.Equal(("node.retired", true), message is GatewayRefusal refusal ? (refusal.Code, refusal.Final) : default);
        var (again, answer) = await RawAgent.HelloAsync(host, node, key);
        await using var socket = again;
        Assert.True(Assert.IsType<GatewayRefusal>(answer).Final);
    }

    private async Task<(INodeGrain Node, NodeReservation Booking)> BookAsync(string node, string lease)
    {
        var grain = host.Grains.GetGrain<INodeGrain>(node);
        var demand = new NodeDemand([new DemandSlot("web/0", 1_000, 1 << 20, 0, [], [], 1)]);
        (await grain.ReserveAsync(lease, demand, TimeProvider.System.GetUtcNow().AddMinutes(5))).Require();
        return (grain, (await grain.ConfirmAsync(lease, lease)).Require());
    }

    private static WorkloadSpec Workload(NodeReservation booking, string lease) =>
        new($"{lease}/web/0", lease, "web", 0, "native:httpd", [], [], [], 1_000, 1 << 20, [], [new(80, booking.Grants[0].HostPorts[0], "tcp")], [], null);

    private static WorkloadStatus Status(string id, long sequence, WorkloadPhase phase) => new(id, sequence, phase, "said\u0000so", 0, TimeProvider.System.GetUtcNow(), 1, 1);

    private sealed class StrictHost : NodeHost
    {
        protected override Dictionary<string, string?> Settings => new(base.Settings) { ["AgentEndpoint:MessageBurst"] = "10", ["AgentEndpoint:MessagesPerSecond"] = "1" };
    }

    private static LogLine Line(string workload, string text) => new(workload, 7, TimeProvider.System.GetUtcNow(), "stdout", text);
}
