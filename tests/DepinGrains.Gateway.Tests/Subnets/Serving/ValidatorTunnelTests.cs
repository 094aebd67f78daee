using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Gateway.Tests.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>A validator's own way through the gateway to a port behind a real agent: who may, how far, and that what the port said arrives to its end.</summary>
public sealed class ValidatorTunnelTests(TunnelField field) : IClassFixture<TunnelField>
{
    [Fact]
    public async Task What_the_port_says_before_it_hangs_up_arrives_whole_and_then_the_end()
    {
        var balance = await field.Host.BalanceAsync(Contracts.Ledgers.LedgerAccounts.Wallet(field.Validator.Id));
        var said = new byte[300_000];
        Random.Shared.NextBytes(said);
        for (var again = 0; again < 3; again++)
        {
            await using var tunnel = await OpenAsync(field.Validator);
            using var port = await field.Port.AcceptSocketAsync();
            await tunnel.WriteAsync("question"u8.ToArray());
            var question = new byte[8];
            await new NetworkStream(port).ReadExactlyAsync(question);
            Assert.Equal("question"u8.ToArray(), question);
            await port.SendAsync(said);
            port.Shutdown(SocketShutdown.Send);
            using var heard = new MemoryStream();
            await tunnel.CopyToAsync(heard).WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(said, heard.ToArray());
        }

        Assert.Equal(balance, await field.Host.BalanceAsync(Contracts.Ledgers.LedgerAccounts.Wallet(field.Validator.Id)));
    }

    [Fact]
    public async Task A_port_that_breaks_off_is_no_end_and_who_hangs_up_is_heard_at_the_port()
    {
        await using (var tunnel = await OpenAsync(field.Validator))
        {
            using var port = await field.Port.AcceptSocketAsync();
            await port.SendAsync("half an ans"u8.ToArray());
            await tunnel.ReadExactlyAsync(new byte[11]);
            port.LingerState = new LingerOption(true, 0);
            port.Close();
            await Assert.ThrowsAnyAsync<Exception>(() => tunnel.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
        }

        var left = await OpenAsync(field.Validator);
        using var end = await field.Port.AcceptSocketAsync();
        await left.DisposeAsync();
        try
        {
            Assert.Equal(0, await new NetworkStream(end).ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
        }
        catch (IOException)
        {
            // Reset: gone as well.
        }
    }

    [Fact]
    public async Task Only_a_validator_with_permit_and_stake_by_his_own_hotkey_and_signature_and_only_to_what_is_announced()
    {
        var (stranger, idle) = (await field.Host.PersonAsync(0), await field.RegisteredAsync());
        foreach (var (person, hotkey, uid, status, code) in ((Person, string?, int, HttpStatusCode, string)[])
            [
                (stranger, TunnelField.HotkeyOf(stranger), field.Uid, HttpStatusCode.UnprocessableEntity, "subnet.not_registered"),
                (stranger, TunnelField.HotkeyOf(field.Validator), field.Uid, HttpStatusCode.Forbidden, "identity.foreign"),
                (idle, TunnelField.HotkeyOf(idle), field.Uid, HttpStatusCode.Forbidden, "tunnel.caller_not_allowed"),
                (field.Validator, null, field.Uid, HttpStatusCode.Forbidden, "identity.role_not_allowed"),
                (field.Validator, TunnelField.HotkeyOf(field.Validator), field.Uid + 1, HttpStatusCode.NotFound, "axon.not_found"),
                (field.Validator, TunnelField.HotkeyOf(field.Validator), 99, HttpStatusCode.NotFound, "subnet.uid_unknown"),
            ])
        {
            Assert.Equal((status, code), await RefusedAsync(person, hotkey, uid));
        }

        using var token = field.Validator.Get(PathOf(TunnelField.HotkeyOf(field.Validator), field.Uid));
        using var unsigned = await field.Host.Client.SendAsync(token);
        Assert.Equal(HttpStatusCode.Unauthorized, unsigned.StatusCode);
        using var plain = new HttpRequestMessage(HttpMethod.Get, new Uri(field.Host.Address, PathOf(TunnelField.HotkeyOf(field.Validator), field.Uid)));
        await new RequestSigner(field.Validator.Key, field.Validator.Id).SignAsync(plain);
        using var noSocket = await field.Host.Client.SendAsync(plain);
        Assert.Equal("tunnel.upgrade_invalid", (string?)JsonNode.Parse(await noSocket.Content.ReadAsStringAsync())!["code"]);
        Assert.False(field.Port.Pending());
    }

    [Fact]
    public async Task Validators_have_few_places_each_fewer_bytes_and_no_time_without_end()
    {
        var (first, second) = (await OpenAsync(field.Validator), await OpenAsync(field.Validator));
        Assert.Equal((HttpStatusCode.Conflict, "tunnel.in_use"), await RefusedAsync(field.Validator, TunnelField.HotkeyOf(field.Validator), field.Uid));
        var other = await field.RegisteredAsync();
        await field.PermittedAsync(other);
        await using var third = await OpenAsync(other);

        // Three places for all validators: the fourth is none.
        Assert.Equal((HttpStatusCode.Conflict, "tunnel.in_use"), await RefusedAsync(other, TunnelField.HotkeyOf(other), field.Uid));
        await first.DisposeAsync();
        await ServingHost.UntilAsync("the place is free again", async () =>
        {
            using var answer = await AskAsync(other, TunnelField.HotkeyOf(other), field.Uid);
            return answer.StatusCode == HttpStatusCode.SwitchingProtocols;
        });
        using var port = await field.Port.AcceptSocketAsync();
        using var port2 = await field.Port.AcceptSocketAsync();
        using var port3 = await field.Port.AcceptSocketAsync();
        using var port4 = await field.Port.AcceptSocketAsync();
        Task flood = Task.Run(async () => await port2.SendAsync(new byte[2_000_000]));
        var heard = 0L;
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (int read; (read = await second.ReadAsync(new byte[65_536]).AsTask().WaitAsync(TimeSpan.FromMinutes(1))) > 0; heard += read)
            {
            }
        });
        Assert.InRange(heard, 1, 1_000_000);
        await flood.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        // Silent, but the time is up.
        await Assert.ThrowsAnyAsync<Exception>(() => third.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromMinutes(1)));
        await ServingHost.UntilAsync("nothing is left open", () => field.Host.Services.GetRequiredService<AgentConnections>().Find(field.Agent.Node)!.Tunnels == 0);
    }

    [Fact]
    public async Task A_gateways_key_opens_tunnels_and_does_nothing_that_operators_do()
    {
        using var gateway = SigningKey.Generate();
        var (self, chief) = (new Person(gateway), new Person(field.Operator));
        Assert.Equal("identity.role_not_allowed", (string?)(await field.Host.TrySignedAsync(self, "/v1/identities", new { publicKey = gateway.PublicKey, salt = "", roles = (string[])["gateway"] })).Answer["code"]);
        await field.Host.SignedAsync(self, "/v1/identities", new { publicKey = gateway.PublicKey, salt = "", label = "gateway", roles = (string[])[] });
        await field.Host.SignedAsync(chief, "/v1/identities", new { publicKey = field.Operator.PublicKey, salt = "", label = "operator", roles = (string[])["operator"] });
        Assert.Equal((HttpStatusCode.Forbidden, "identity.role_not_allowed"), await RefusedAsync(self, null, field.Uid));
        using (var grant = new HttpRequestMessage(HttpMethod.Put, new Uri(field.Host.Address, $"/v1/identities/{self.Id}/roles")) { Content = Http.JsonBody.Of(new { roles = (string[])["gateway"] }) })
        {
            await new RequestSigner(field.Operator, chief.Id).SignAsync(grant);
            using var granted = await field.Host.Client.SendAsync(grant);
            Assert.Equal(HttpStatusCode.OK, granted.StatusCode);
        }

        await using (var tunnel = await OpenAsync(self, hotkey: null))
        {
            using var port = await field.Port.AcceptSocketAsync();
            await port.SendAsync("hello"u8.ToArray());
            await tunnel.ReadExactlyAsync(new byte[5]);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await field.Host.TrySignedAsync(self, "/v1/network/parameters", new { name = "inference.fee_bp", value = 1 })).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await field.Host.TrySignedAsync(self, "/v1/ledgers/TAO/issues", new { amount = 1, to = self.Id, reason = "because" })).Status);
    }

    private string PathOf(string? hotkey, int uid) => $"/v1/subnets/{field.Netuid}/neurons/{uid}/tunnel{(hotkey is null ? "" : "?hotkey=" + Uri.EscapeDataString(hotkey))}";

    private Task<Stream> OpenAsync(Person person) => OpenAsync(person, TunnelField.HotkeyOf(person));

    private async Task<Stream> OpenAsync(Person person, string? hotkey)
    {
        var answer = await AskAsync(person, hotkey, field.Uid);
        Assert.True(answer.StatusCode == HttpStatusCode.SwitchingProtocols, $"{answer.StatusCode} {(answer.StatusCode == HttpStatusCode.SwitchingProtocols ? "" : await answer.Content.ReadAsStringAsync())}");
        return WebSocketStream.Create(WebSocket.CreateFromStream(await answer.Content.ReadAsStreamAsync(), new WebSocketCreationOptions()), WebSocketMessageType.Binary, TimeSpan.FromSeconds(2));
    }

    private async Task<(HttpStatusCode Status, string? Code)> RefusedAsync(Person person, string? hotkey, int uid)
    {
        using var answer = await AskAsync(person, hotkey, uid);
        return (answer.StatusCode, answer.StatusCode == HttpStatusCode.SwitchingProtocols ? null : (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]);
    }

    /// <summary>The WebSocket's handshake by hand, as any client does it.</summary>
    private async Task<HttpResponseMessage> AskAsync(Person person, string? hotkey, int uid)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(field.Host.Address, PathOf(hotkey, uid)));
        foreach (var (name, value) in ((string, string)[])[("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", Convert.ToBase64String(Guid.NewGuid().ToByteArray()))])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        await new RequestSigner(person.Key, person.Id).SignAsync(request);
        return await field.Host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}

/// <summary>A port behind a real agent, announced as a miner's, and a validator with a permit; one for all tests, because the first epoch lets one wait.</summary>
public sealed class TunnelField : IAsyncLifetime
{
    internal SigningKey Operator { get; } = SigningKey.Generate();

    internal TcpListener Port { get; } = new(IPAddress.Loopback, 0);

    internal ServingHost Host { get; private set; } = null!;

    internal AgentAtWork Agent { get; private set; } = null!;

    internal Person Validator { get; private set; } = null!;

    internal int Netuid { get; private set; }

    internal int Uid { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Port.Start();
        Host = await ServingHost.PublicAsync(
            Operator.KeyId, ("Network:TaoBlockTime", "00:00:00.1"), ("Serving:ValidatorTunnelsPerMinerMax", "3"), ("Serving:ValidatorTunnelBytesMax", "1000000"), ("Serving:ValidatorTunnelTimeMax", "00:00:20"));
        var owner = await Host.PersonAsync(10_000_000_000);
        Netuid = (int)(await Host.SignedAsync(owner, "/v1/subnets", new { name = "tunnels", task = "deterministic" }))["netuid"]!;
        foreach (var (name, value) in ((string, string)[])[("max_regs_per_block", "10"), ("target_regs_per_interval", "10"), ("tempo", "10")])
        {
            await Host.SignedAsync(owner, $"/v1/subnets/{Netuid}/hyperparameters/{name}", new { value });
        }

        (var miner, Validator) = (await RegisteredAsync(), await RegisteredAsync());
        await Host.SignedAsync(miner, "/v1/providers", new { name = "miner", pricing = new { } });
        var port = ((IPEndPoint)Port.LocalEndpoint).Port;
        Agent = await AgentAtWork.StartAsync(Host, miner.Id, o => o.Tunnels.Ports.Add(port));
        Uid = (int)(await Host.SignedAsync(miner, $"/v1/subnets/{Netuid}/axon", new { endpoint = $"http://127.0.0.1:{port}/v1", node = Agent.Node }))["uid"]!;
        await PermittedAsync(Validator);
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        Port.Dispose();
        await Host.DisposeAsync();
        Operator.Dispose();
    }

    /// <summary>Somebody with a uid.</summary>
    internal async Task<Person> RegisteredAsync()
    {
        var person = await Host.PersonAsync(10_000_000_000);
        await Host.SignedAsync(person, $"/v1/subnets/{Netuid}/register", new { });
        return person;
    }

    /// <summary>Stake, and the epoch that makes a permit of it.</summary>
    internal async Task PermittedAsync(Person person)
    {
        await Host.SignedAsync(person, $"/v1/staking/TAO/hotkeys/{HotkeyOf(person)}/add", new { amount = 1_000_000_000 });
        await ServingHost.UntilAsync("it has a permit with stake", async () =>
        {
            var graph = JsonNode.Parse(await Host.Client.GetStringAsync(new Uri($"/v1/subnets/{Netuid}/metagraph?fields=hotkeys,stake,validator_permit", UriKind.Relative)))!;
            var uid = graph["hotkeys"]!.AsArray().Select(static h => (string?)h).ToList().IndexOf(HotkeyOf(person));
            return (bool)graph["validatorPermit"]![uid]! && (long)graph["stake"]![uid]! > 0;
        });
    }

    internal static string HotkeyOf(Person person) => IdentityIds.Reference(person.Id, person.Key.KeyId);
}
