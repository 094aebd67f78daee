using System.Text;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Testing;

namespace DepinGrains.Agent.Tests;

/// <summary>What the real agent lets gateways reach, and how much of it.</summary>
public sealed class TunnelTests
{
    private const string Web = "lease-1/web/0";

    [Fact]
    public async Task Tunnel_reaches_a_port_of_a_workload_that_runs_here_and_nothing_else()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        var port = Ports.Free();
        gateway.Want(AgentHarness.Native("depin-hello", port: port), AgentHarness.Shell("sleep 1000", service: "quiet"));
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last(Web)?.Phase == WorkloadPhase.Running && gateway.Last("lease-1/quiet/0")?.Phase == WorkloadPhase.Running, "both run");

        // The program may need a moment more until it listens.
        var answer = "";
        for (var tries = 0; !answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 200, answer);
            answer = await AskAsync(gateway, $"ok-{tries}", Web, 80);
        }

        Assert.Contains("hello from lease-1", answer, StringComparison.Ordinal);
        foreach (var (id, workload, asked, code) in ((string, string?, int, string)[])
            [
                ("a", Web, 81, "tunnel.port_not_found"), ("b", Web, port, "tunnel.port_not_found"), ("c", "lease-2/web/0", 80, "tunnel.workload_not_running"),
                ("d", "lease-1/quiet/0", 80, "tunnel.port_not_found"), ("e", null, port, "tunnel.port_not_allowed"), ("f", null, 22, "tunnel.port_not_allowed"),
            ])
        {
            await gateway.SendAsync(new GatewayTunnelOpen(id, workload, asked));
            Assert.Equal(code, (await SaidAsync<AgentStreamClosed>(gateway, id)).Code);
        }

        gateway.Want();
        await Wait.UntilAsync(() => gateway.Last(Web)?.Phase == WorkloadPhase.Stopped, "the lease is over");
        await gateway.SendAsync(new GatewayTunnelOpen("late", Web, 80));
        Assert.Equal("tunnel.workload_not_running", (await SaidAsync<AgentStreamClosed>(gateway, "late")).Code);
    }

    [Fact]
    public async Task Tunnels_of_one_target_are_counted_and_an_idle_one_makes_room_again()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        await using var echo = new EchoServer();
        harness.Options.Tunnels.Ports.Add(echo.Port);
        (harness.Options.Tunnels.TunnelsPerWorkloadMax, harness.Options.Tunnels.IdleTimeout) = (2, TimeSpan.FromSeconds(1));
        harness.Start();
        await Wait.UntilAsync(() => !gateway.Heartbeats.IsEmpty, "connected");
        foreach (var id in (string[])["1", "2", "3"])
        {
            await gateway.SendAsync(new GatewayTunnelOpen(id, null, echo.Port));
        }

        Assert.Equal("tunnel.limit", (await SaidAsync<AgentStreamClosed>(gateway, "3")).Code);
        Assert.Contains("nothing went through", (await SaidAsync<AgentStreamClosed>(gateway, "1")).Detail, StringComparison.Ordinal);
        await SaidAsync<AgentStreamClosed>(gateway, "2");
        await gateway.SendAsync(new GatewayTunnelOpen("4", null, echo.Port));
        await SaidAsync<AgentStreamOpened>(gateway, "4");
    }

    [Fact]
    public async Task Agent_sends_no_more_than_the_window_until_it_gets_credit_and_everything_in_the_end()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.GivesCredit = false;
        await using var harness = new AgentHarness(gateway);
        var bytes = new byte[1 << 20];
        new Random(7).NextBytes(bytes);
        await using var echo = new EchoServer(bytes);
        harness.Options.Tunnels.Ports.Add(echo.Port);
        harness.Start();
        await Wait.UntilAsync(() => !gateway.Heartbeats.IsEmpty, "connected");
        await gateway.SendAsync(new GatewayTunnelOpen("t", null, echo.Port));
        await Wait.UntilAsync(() => Frames(gateway).Count == AgentProtocol.StreamWindow, "a window of frames");
        var beats = gateway.Heartbeats.Count;
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > beats + 5, "five more heartbeats");
        Assert.Equal(AgentProtocol.StreamWindow, Frames(gateway).Count);

        var taken = 0;
        while (!Frames(gateway).Any(static f => f.End))
        {
            var now = Frames(gateway).Count;
            if (now > taken)
            {
                await gateway.SendAsync(new GatewayStreamCredit("t", now - taken));
                taken = now;
            }

            await Wait.UntilAsync(() => Frames(gateway).Count > taken || Frames(gateway).Any(static f => f.End), "more");
        }

        Assert.Equal(bytes, Frames(gateway).SelectMany(static f => Convert.FromBase64String(f.DataBase64)));
    }

    [Fact]
    public async Task Agent_leaves_a_gateway_that_sends_more_than_the_window()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        await using var deaf = new EchoServer(reads: false);
        harness.Options.Tunnels.Ports.Add(deaf.Port);
        harness.Start();
        await Wait.UntilAsync(() => !gateway.Heartbeats.IsEmpty, "connected");
        await gateway.SendAsync(new GatewayTunnelOpen("t", null, deaf.Port));
        await SaidAsync<AgentStreamOpened>(gateway, "t");
        var frame = Convert.ToBase64String(new byte[AgentProtocol.StreamFrameBytesMax + 1]);
        try
        {
            await gateway.SendAsync(new GatewayStreamData("t", frame, false));
        }
        catch (System.Net.WebSockets.WebSocketException)
        {
            // It may be gone before the sending has come to its own end.
        }

        await Wait.UntilAsync(() => gateway.Heartbeats.Any(static h => h.Session == 2), "a new connection");
    }

    private static List<AgentStreamData> Frames(TestGateway gateway) => [.. gateway.Streams.OfType<AgentStreamData>()];

    /// <summary>An HTTP answer through a tunnel of its own, or why there was none.</summary>
    private static async Task<string> AskAsync(TestGateway gateway, string id, string workload, int port)
    {
        await gateway.SendAsync(new GatewayTunnelOpen(id, workload, port));
        await gateway.SendAsync(new GatewayStreamData(id, Convert.ToBase64String("GET / HTTP/1.1\r\nHost: web\r\n\r\n"u8), false));
        var closed = await SaidAsync<AgentStreamClosed>(gateway, id, static (g, i) => g.Streams.OfType<AgentStreamData>().Any(d => d.Id == i && d.End));
        var text = string.Concat(Frames(gateway).Where(f => f.Id == id).Select(static f => Encoding.UTF8.GetString(Convert.FromBase64String(f.DataBase64))));
        await gateway.SendAsync(new GatewayStreamClose(id));
        return text.Length > 0 ? text : closed?.Detail ?? "";
    }

    private static async Task<T> SaidAsync<T>(TestGateway gateway, string id, Func<TestGateway, string, bool>? orElse = null)
        where T : AgentMessage
    {
        T? said = null;
        await Wait.UntilAsync(() => (said = gateway.Streams.OfType<T>().FirstOrDefault(m => m switch { AgentStreamClosed c => c.Id == id, AgentStreamOpened o => o.Id == id, _ => false })) is not null || orElse?.Invoke(gateway, id) is true, $"{typeof(T).Name} of {id}");
        return said!;
    }
}
