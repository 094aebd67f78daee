using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Standalone.Tests.Processes;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary><c>depin miner run</c> as a process: whom it answers.</summary>
public sealed class MinerTests(RunningNetwork network)
{
    private const string Chat = """{"model":"subnet-1","messages":[{"role":"user","content":"question"}]}""";

    [Fact]
    public async Task Miner_AnswersWhoIsAllowedAndSignedForItsAddressOnce_AndNobodyElse()
    {
        await network.ReadyAsync();
        using var friend = await CallerAsync("friend.pem");
        using var stranger = await CallerAsync("stranger.pem");
        var listen = $"http://127.0.0.1:{Ports.Free()}";
        await using var miner = new ServiceProcess(
            network.Url, Path.Combine(network.Folder, "miner.pem"), "miner", "run", "--netuid", "1", "--listen", listen, "--no-announce", "--allow", friend.Id);
        await miner.SaysAsync("the miner serves", static line => (string?)line["event"] == "serving");
        var address = new Uri(listen + "/v1/chat/completions");

        Assert.Equal((HttpStatusCode.Unauthorized, "miner.unsigned"), await friend.AskAsync(address, sign: null));
        Assert.Equal((HttpStatusCode.Unauthorized, "miner.authority_not_signed"), await friend.AskAsync(address, sign: address, bind: false));
        var other = new Uri("http://other.example/v1/chat/completions");
        Assert.Equal((HttpStatusCode.Unauthorized, "identity.signature_invalid"), await friend.AskAsync(address, sign: other));

        // Another miner was asked, and shows the request here as it came, its Host included.
        Assert.Equal((HttpStatusCode.Unauthorized, "miner.authority_foreign"), await friend.AskAsync(address, sign: other, host: other.Authority));
        var (status, code) = await stranger.AskAsync(address, sign: address);
        Assert.True(status is HttpStatusCode.Unauthorized or HttpStatusCode.BadGateway && code is "miner.caller_not_allowed" or "miner.network", $"{status} {code}");

        var right = DeterministicTask.Text("question", DeterministicChallenges.Words);
        Assert.Equal((HttpStatusCode.OK, right), await friend.AskAsync(address, sign: address, key: "once"));
        Assert.Equal((HttpStatusCode.Unauthorized, "miner.replayed"), await friend.AskAsync(address, sign: address, key: "once"));

        // One of the network's gateways, by the role an operator gave it.
        using var gateway = await CallerAsync("gateway.pem");
        Assert.Equal("gateway", (string?)(await network.Operator.JsonAsync("admin", "roles", gateway.Id, "gateway"))["roles"]!.AsArray().Single());
        Assert.Equal((HttpStatusCode.OK, right), await gateway.AskAsync(address, sign: address));
        Assert.Equal(0, await miner.EndAsync());
        await miner.SaysAsync("the miner counts", static line => (string?)line["event"] == "ended" && (long?)line["answered"] == 2);
    }

    [Fact]
    public async Task Miner_AnswersWhileStrangersHoldUnfinishedRequestsOpen()
    {
        await network.ReadyAsync();
        using var friend = await CallerAsync("busy-friend.pem");
        var port = Ports.Free();
        await using var miner = new ServiceProcess(
            network.Url, Path.Combine(network.Folder, "busy-miner.pem"), "miner", "run", "--netuid", "1", "--listen", $"http://127.0.0.1:{port}", "--endpoint", $"http://127.0.0.1:{port}/v1", "--no-announce", "--concurrency", "1", "--allow", friend.Id);
        await miner.SaysAsync("the miner serves", static line => (string?)line["event"] == "serving");
        var address = new Uri($"http://127.0.0.1:{port}/v1/chat/completions");

        // Said to be signed, by nobody: the headers are read, the body is waited for.
        using var stranger = new System.Net.Sockets.TcpClient("127.0.0.1", port);
        await stranger.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n{await friend.HeadersAsync(address)}\r\n"));

        // The miner asks for the body: the request is with it now.
        Assert.StartsWith("HTTP/1.1 100", await LineAsync(stranger), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await friend.AskAsync(address, sign: address)).Status);
        await LineAsync(stranger);
        Assert.StartsWith("HTTP/1.1 408", await LineAsync(stranger), StringComparison.Ordinal);
    }

    private static async Task<string> LineAsync(System.Net.Sockets.TcpClient client)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await client.GetStream().ReadAsync(one).AsTask().WaitAsync(TimeSpan.FromMinutes(1)) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString();
    }

    [Fact]
    public async Task MinerAndValidator_SayWhichOptionMakesNoSense()
    {
        var (tenant, _) = await network.ReadyAsync();
        foreach (var (line, code) in ((string[] Line, string Code)[])
            [
                (["miner", "run", "--netuid", "70000"], "miner.netuid"), (["miner", "run", "--netuid", "1", "--upstream", "ftp://x"], "cli.address_invalid"),
                (["miner", "run", "--netuid", "1", "--node", "node_x", "--lease", "a/1/1/1/b", "--endpoint", "http://web/v1"], "miner.way"), (["miner", "run", "--netuid", "1", "--lease", "a/1/1/1/b"], "miner.endpoint"),
                (["miner", "run", "--netuid", "1", "--replica", "1"], "miner.replica"),
                (["validator", "run", "--netuid", "1", "--task", "dance"], "validator.task"), (["validator", "run", "--netuid", "1", "--alpha", "0"], "validator.alpha"),
                (["validator", "run", "--netuid", "1", "--every", "0"], "validator.time"),
            ])
        {
            var (exit, output, error) = await tenant.TryAsync([.. line, "-o", "json"]);
            Assert.Equal(1, exit);
            Assert.Empty(output);
            Assert.Equal(code, (string?)JsonNode.Parse(error)!["code"]);
        }
    }

    [Fact]
    public async Task Validator_RefusesAMemoryItCannotReadOrThatIsAnothers()
    {
        var (tenant, _) = await network.ReadyAsync();
        var file = Path.Combine(network.Folder, "validator-state.json");
        await File.WriteAllTextAsync(file, "{\"netuid\":1,");
        Assert.Equal("validator.state_unreadable", await CodeAsync(tenant, file));
        await File.WriteAllTextAsync(file, """{"netuid":2,"hotkey":"id_x/key_x","rounds":1,"lastWeightsBlock":0,"scores":[],"underWay":null}""");
        Assert.Equal("validator.state_foreign", await CodeAsync(tenant, file));
    }

    private static async Task<string?> CodeAsync(Depin tenant, string file)
    {
        var (exit, _, error) = await tenant.TryAsync("validator", "run", "--netuid", "1", "--state", file, "--rounds", "1", "-o", "json");
        Assert.Equal(1, exit);
        return (string?)JsonNode.Parse(error)!["code"];
    }

    private async Task<Caller> CallerAsync(string file)
    {
        var path = Path.Combine(network.Folder, file);
        await new Depin(network.Url, path).RunAsync("identity", "show");
        return new Caller(SigningKey.Load(path));
    }

    /// <summary>An identity that asks a miner directly.</summary>
    private sealed class Caller(SigningKey key) : IDisposable
    {
        private readonly HttpClient _http = new();

        public string Id { get; } = IdentityIds.ForFirstKey(key.KeyId, "");

        /// <summary>The status, and the answer's text or the error's code. Signed for one address, sent to another where the test lies.</summary>
        public async Task<(HttpStatusCode Status, string? Said)> AskAsync(Uri address, Uri? sign, string? key = null, bool bind = true, string? host = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(Chat, Encoding.UTF8, "application/json") };
            if (sign is not null)
            {
                request.RequestUri = sign;
                await new RequestSigner(Key, Id) { BindAuthority = bind }.SignAsync(request, key);
                request.RequestUri = address;
                request.Headers.Host = host;
            }

            using var answer = await _http.SendAsync(request);
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            return (answer.StatusCode, (string?)(answer.IsSuccessStatusCode ? body["choices"]![0]!["message"]!["content"] : body["error"]!["code"]));
        }

        /// <summary>The headers of a signed request, as lines.</summary>
        public async Task<string> HeadersAsync(Uri address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(Chat, Encoding.UTF8, "application/json") };
            await new RequestSigner(Key, Id).SignAsync(request);
            return string.Concat(request.Headers.Select(static h => $"{h.Key}: {h.Value.First()}\r\n"));
        }

        public void Dispose()
        {
            _http.Dispose();
            Key.Dispose();
        }

        private SigningKey Key { get; } = key;
    }
}
