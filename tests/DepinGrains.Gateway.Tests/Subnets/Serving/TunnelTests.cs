using System.Net;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Gateway.Subnets.Tunnels;
using DepinGrains.Gateway.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>Miners that only their node's real agent can reach, on a network that lets nobody announce a private address.</summary>
public sealed class TunnelTests : IAsyncLifetime
{
    private readonly SigningKey _operator = SigningKey.Generate();
    private ServingHost _host = null!;
    private Person _owner = null!;
    private int _netuid;

    public async ValueTask InitializeAsync()
    {
        _host = await ServingHost.PublicAsync(_operator.KeyId);
        _owner = await _host.PersonAsync(10_000_000_000);
        _netuid = (int)(await _host.SignedAsync(_owner, "/v1/subnets", new { name = "tunnels", task = "deterministic" }))["netuid"]!;
        await _host.SignedAsync(_owner, $"/v1/subnets/{_netuid}/hyperparameters/max_regs_per_block", new { value = "10" });
        await _host.SignedAsync(_owner, $"/v1/subnets/{_netuid}/hyperparameters/target_regs_per_interval", new { value = "10" });
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_chat_streams_through_the_agent_of_a_miner_at_loopback()
    {
        await using var sample = await SampleMiner.StartAsync(words: 300);
        var miner = await MinerAsync();
        await using var agent = await AgentAsync(miner, sample);
        var direct = await _host.TrySignedAsync(miner, $"/v1/subnets/{_netuid}/axon", new { endpoint = sample.Address });
        Assert.Equal((HttpStatusCode.Forbidden, "axon.address_not_allowed"), (direct.Status, (string?)direct.Answer["code"]));
        await AnnounceAsync(miner, agent, sample.Address);
        var caller = await _host.CallerAsync();
        for (var again = 0; again < 3; again++)
        {
            var end = await caller.StreamAsync("question", maxTokens: 10_000);
            Assert.Equal((DeterministicTask.Text("question", 300), true, null), (end.Content, end.Done, end.Error));
        }

        Assert.Equal(new Uri(sample.Address).Authority, sample.Headers!["Host"].ToString());
        using var whole = await caller.ChatAsync("question", stream: false, 10_000);
        Assert.Equal(DeterministicTask.Text("question", 300), (string?)JsonNode.Parse(await whole.Content.ReadAsStringAsync())!["choices"]![0]!["message"]!["content"]);
    }

    [Fact]
    public async Task An_agent_cut_off_in_the_middle_of_a_stream_ends_it_with_an_error_the_caller_can_read()
    {
        await using var sample = await SampleMiner.StartAsync(words: 50);
        var miner = await MinerAsync();
        await using var agent = await AgentAsync(miner, sample);
        await AnnounceAsync(miner, agent, sample.Address);
        sample.Before = static (word, cancel) => word == 20 ? Task.Delay(Timeout.Infinite, cancel) : Task.CompletedTask;
        var caller = await _host.CallerAsync();
        using var answer = await caller.ChatAsync("question", stream: true, 10_000);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var (content, error, cut) = ("", (string?)null, false);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                Assert.NotEqual("data: [DONE]", line);
                continue;
            }

            var piece = JsonNode.Parse(line["data: ".Length..])!;
            error ??= (string?)piece["error"]?["code"];
            content += (string?)piece["choices"]?[0]?["delta"]?["content"];
            if (content.Length > 0 && !cut)
            {
                cut = true;
                await agent.StopAsync();
            }
        }

        Assert.NotNull(error);
        Assert.NotEmpty(content);
        Assert.StartsWith(content, DeterministicTask.Text("question", 50), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_the_first_token_another_miner_takes_over_from_one_whose_agent_is_cut_off()
    {
        await using var dying = await SampleMiner.StartAsync();
        await using var living = await SampleMiner.StartAsync();
        var (first, second) = (await MinerAsync(), await MinerAsync());
        await using var agent = await AgentAsync(first, dying);
        await using var other = await AgentAsync(second, living);
        await AnnounceAsync(first, agent, dying.Address);
        await AnnounceAsync(second, other, living.Address);
        dying.Before = async (_, cancel) =>
        {
            await agent.StopAsync();
            await Task.Delay(Timeout.Infinite, cancel);
        };
        var caller = await _host.CallerAsync();
        for (var again = 0; again < 4; again++)
        {
            var end = await caller.StreamAsync("question");
            Assert.Equal((DeterministicTask.Text("question", 8), true), (end.Content, end.Done));
        }

        Assert.NotEmpty(living.Requests);
        await NodeHost.EventuallyAsync(() => Task.FromResult(Connections.Find(agent.Node) is null), "the agent is gone");
    }

    [Fact]
    public async Task Only_what_its_owner_switched_on_is_reached_and_only_its_owner_announces_it()
    {
        await using var sample = await SampleMiner.StartAsync();
        await using var secret = await SampleMiner.StartAsync();
        var (miner, stranger) = (await MinerAsync(), await MinerAsync());
        await using var agent = await AgentAsync(miner, sample);
        await AnnounceAsync(miner, agent, secret.Address);
        var caller = await _host.CallerAsync();
        using (var refused = await caller.ChatAsync("question", stream: true))
        {
            await ServingCaller.ErrorAsync(refused, HttpStatusCode.ServiceUnavailable);
        }

        Assert.Empty(secret.Requests);
        foreach (var (body, code) in ((object, string)[])
            [
                (new { endpoint = sample.Address, node = agent.Node }, "axon.node_foreign"),
                (new { endpoint = "http://web:80/v1", lease = $"{miner.Id}/1/1/1/{miner.Id}" }, "axon.lease_foreign"),
                (new { endpoint = "http://web:80/v1", lease = $"{stranger.Id}/1/1/1/{miner.Id}" }, "axon.lease_foreign"),
                (new { endpoint = "https://web:80/v1", lease = $"{stranger.Id}/1/1/1/{miner.Id}" }, "axon.endpoint_invalid"),
                (new { endpoint = "http://10.0.0.1:80/v1", node = agent.Node }, "axon.endpoint_invalid"),
            ])
        {
            Assert.Equal(code, (string?)(await _host.TrySignedAsync(stranger, $"/v1/subnets/{_netuid}/axon", body)).Answer["code"]);
        }
    }

    [Fact]
    public async Task A_miner_whose_agent_has_no_place_left_is_full_and_not_at_fault()
    {
        await using var sample = await SampleMiner.StartAsync();
        var miner = await MinerAsync();
        var port = new Uri(sample.Address).Port;
        await using var agent = await AgentAtWork.StartAsync(_host, miner.Id, o =>
        {
            o.Tunnels.Ports.Add(port);
            o.Tunnels.TunnelsPerWorkloadMax = 1;
        });
        await AnnounceAsync(miner, agent, sample.Address);
        var caller = await _host.CallerAsync();
        await using (await Connections.Find(agent.Node)!.OpenTunnelAsync(null, port, CancellationToken.None))
        {
            using var full = await caller.ChatAsync("question", stream: true);
            await ServingCaller.ErrorAsync(full, HttpStatusCode.ServiceUnavailable);
        }

        var seen = Assert.Single(_host.Services.GetRequiredService<MinerBook>().Of(_netuid));
        Assert.True(seen is { Failures: 0, Busy: > 0 }, seen.ToString());
        await ServingHost.UntilAsync("the place is free and the miner asked", async () =>
        {
            using var answer = await caller.ChatAsync("question", stream: true);
            return answer.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task A_gateway_that_does_not_hold_the_agent_goes_through_the_one_that_does_with_its_own_key()
    {
        await using var sample = await SampleMiner.StartAsync(words: 300);
        var miner = await MinerAsync();
        await using var agent = await AgentAsync(miner, sample);
        var uid = (int)(await AnnounceAsync(miner, agent, sample.Address))["uid"]!;
        await _host.SignedAsync(new Person(_operator), "/v1/identities", new { publicKey = _operator.PublicKey, salt = "", label = "gateway", roles = (string[])["operator"] });
        var way = new Miner(_netuid, uid, "hotkey-0", ServingHost.PayTo(0), sample.Address, 1, Tunnel: new MinerTunnel(_netuid, uid, agent.Node, null, new Uri(sample.Address).Port));
        await using (var other = await ServingHost.BesideAsync(_host, _operator, way))
        {
            var caller = await other.CallerAsync();
            for (var again = 0; again < 2; again++)
            {
                var end = await caller.StreamAsync("question", maxTokens: 10_000);
                Assert.Equal((DeterministicTask.Text("question", 300), true), (end.Content, end.Done));
            }
        }

        // Where it leads is the holder's to look up, and who is no operator is not let through.
        await using (var elsewhere = await ServingHost.BesideAsync(_host, _operator, way with { Tunnel = way.Tunnel! with { Uid = uid + 1 } }))
        {
            using var refused = await (await elsewhere.CallerAsync()).ChatAsync("question", stream: true);
            await ServingCaller.ErrorAsync(refused, HttpStatusCode.ServiceUnavailable);
        }

        await using var stranger = await ServingHost.BesideAsync(_host, miner.Key, way);
        using var forbidden = await (await stranger.CallerAsync()).ChatAsync("question", stream: true);
        await ServingCaller.ErrorAsync(forbidden, HttpStatusCode.ServiceUnavailable);
        Assert.Equal(2, sample.Requests.Count);
    }

    [Fact]
    public async Task A_key_that_is_none_is_said_at_the_start_and_not_shown()
    {
        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => ServingHost.StartAsync(("Key", "c2VjcmV0")));
        Assert.Contains("Serving:Key is no P-256 private key", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_sends_more_than_the_window_loses_its_connection_and_takes_no_memory()
    {
        var provider = await MinerAsync();
        var (key, node) = await RawAgent.JoinedAsync(_host, provider.Id);
        await using var agent = await RawAgent.ConnectAsync(_host, node, key);
        var opening = Connections.Find(node)!.OpenTunnelAsync("w", 80, CancellationToken.None);
        var open = await agent.ReceiveAsync<GatewayTunnelOpen>();
        Assert.Equal(("w", 80), (open.WorkloadId, open.Port));
        await agent.SendAsync(new AgentStreamOpened(open.Id));
        await using var stream = await opening;
        var frame = Convert.ToBase64String(new byte[AgentProtocol.StreamFrameBytesMax]);
        for (var i = 0; i < AgentProtocol.StreamWindow; i++)
        {
            await agent.SendAsync(new AgentStreamData(open.Id, frame, false));
        }

        // Read, so that there is credit again; then one more than that.
        await stream.ReadExactlyAsync(new byte[AgentProtocol.StreamWindow * AgentProtocol.StreamFrameBytesMax]);
        var credit = (await agent.ReceiveAsync<GatewayStreamCredit>()).Frames + (await agent.ReceiveAsync<GatewayStreamCredit>()).Frames;
        Assert.Equal(AgentProtocol.StreamWindow, credit);
        for (var i = 0; i <= credit; i++)
        {
            await agent.SendAsync(new AgentStreamData(open.Id, frame, false));
        }

        GatewayMessage? last;
        while ((last = await agent.ReceiveAsync()) is not GatewayRefusal and not null)
        {
        }

        Assert.Equal("agent.stream_window", Assert.IsType<GatewayRefusal>(last).Code);
    }

    [Fact]
    public async Task One_workload_has_so_many_tunnels_and_no_more()
    {
        var provider = await MinerAsync();
        var (key, node) = await RawAgent.JoinedAsync(_host, provider.Id);
        await using var agent = await RawAgent.ConnectAsync(_host, node, key);
        var (connection, max) = (Connections.Find(node)!, new AgentEndpointOptions().TunnelsPerWorkloadMax);
        var open = new List<Stream>();
        for (var i = 0; i < max; i++)
        {
            var opening = connection.OpenTunnelAsync("w", 80, CancellationToken.None);
            await agent.SendAsync(new AgentStreamOpened((await agent.ReceiveAsync<GatewayTunnelOpen>()).Id));
            open.Add(await opening);
        }

        var full = await Assert.ThrowsAsync<RefusalException>(() => connection.OpenTunnelAsync("w", 80, CancellationToken.None));
        Assert.Equal("tunnel.in_use", full.Refusal.Code);
        var other = connection.OpenTunnelAsync("another", 80, CancellationToken.None);
        await agent.SendAsync(new AgentStreamClosed((await agent.ReceiveAsync<GatewayTunnelOpen>()).Id, "tunnel.workload_not_running", "no such workload"));
        Assert.Equal("tunnel.refused", (await Assert.ThrowsAsync<RefusalException>(() => other)).Refusal.Code);
        await open[0].DisposeAsync();

        // It counts until the agent has said goodbye: what is on its way is bounded with it.
        var closing = await agent.ReceiveAsync<GatewayStreamClose>();
        Assert.Equal(max, connection.Tunnels);
        await agent.SendAsync(new AgentStreamClosed(closing.Id, "tunnel.ended", ""));
        await ServingHost.UntilAsync("the place is free", () => connection.Tunnels < max);
        var again = connection.OpenTunnelAsync("w", 80, CancellationToken.None);
        await agent.SendAsync(new AgentStreamOpened((await agent.ReceiveAsync<GatewayTunnelOpen>()).Id));
        await using var stream = await again;
        agent.Abort();
        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[1]).AsTask());
        Assert.Equal(0, connection.Tunnels);
    }

    [Fact]
    public async Task A_miner_whose_tunnels_are_all_taken_is_full_and_not_at_fault()
    {
        var miner = await MinerAsync();
        var (key, node) = await RawAgent.JoinedAsync(_host, miner.Id);
        await using var agent = await RawAgent.ConnectAsync(_host, node, key);
        await _host.SignedAsync(miner, $"/v1/subnets/{_netuid}/axon", new { endpoint = "http://127.0.0.1:9/v1", node });
        var connection = Connections.Find(node)!;
        for (var i = 0; i < new AgentEndpointOptions().TunnelsPerWorkloadMax; i++)
        {
            var opening = connection.OpenTunnelAsync(null, 9, CancellationToken.None);
            await agent.SendAsync(new AgentStreamOpened((await agent.ReceiveAsync<GatewayTunnelOpen>()).Id));
            await opening;
        }

        using var refused = await (await _host.CallerAsync()).ChatAsync("question", stream: true);
        Assert.Equal(ServingErrors.MinersBusy, (await ServingCaller.ErrorAsync(refused, HttpStatusCode.ServiceUnavailable)).GetProperty("code").GetString());
        Assert.NotNull(refused.Headers.RetryAfter);
        var figures = JsonNode.Parse(await _host.Client.GetStringAsync($"/v1/subnets/{_netuid}/serving"))!.AsArray().Single()!;
        Assert.Equal((0, true), ((long)figures["failures"]!, (long)figures["busy"]! > 0));
    }

    private AgentConnections Connections => _host.Services.GetRequiredService<AgentConnections>();

    private async Task<Person> MinerAsync()
    {
        var miner = await _host.PersonAsync(10_000_000_000);
        await _host.SignedAsync(miner, "/v1/providers", new { name = "miner", pricing = new { } });
        await _host.SignedAsync(miner, $"/v1/subnets/{_netuid}/register", new { });
        return miner;
    }

    private Task<AgentAtWork> AgentAsync(Person miner, SampleMiner sample) => AgentAtWork.StartAsync(_host, miner.Id, o => o.Tunnels.Ports.Add(new Uri(sample.Address).Port));

    private Task<JsonNode> AnnounceAsync(Person miner, AgentAtWork agent, string endpoint) => _host.SignedAsync(miner, $"/v1/subnets/{_netuid}/axon", new { endpoint, node = agent.Node });
}
