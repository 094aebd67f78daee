using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Cli;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>What every command promises: pure JSON on stdout when asked, exit codes in its help, refusals that explain themselves.</summary>
public sealed class OutputTests(RunningNetwork network)
{
    // A shell's stdout is the program's own; bidders, miners and validators go on until they are stopped, their lines are read by tests of their own.
    private static readonly string[] Elsewhere = ["lease shell", "shell", "provider run", "miner run", "validator run"];

    [Fact]
    public async Task EveryCommand_AskedForJson_WritesNothingElseToStdout()
    {
        var (tenant, lease) = await network.ReadyAsync();
        var id = string.Join('/', lease.Split('/')[..2]);
        var provider = lease.Split('/')[4];
        var picked = (string)(await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--pick"))["id"]!;
        await Programs.EventuallyAsync("a bid", async () => (await tenant.JsonAsync("bids", "list", picked)).AsArray().Count > 0 ? "yes" : null);
        var second = $"{picked}/1/1/{provider}";
        var node = (string)(await tenant.JsonAsync("node", "list")).AsArray()[0]!["id"]!;
        string[][] lines =
        [
            ["act", "vault"], ["act", "list"], ["act", "quote", "buy", "1", "AKT"], ["act", "quote", "sell", "1", "AKT"], ["act", "buy", "1", "AKT"], ["act", "sell", "1", "AKT"],
            ["allowance", "grant", provider, "1", "ACT"], ["allowance", "list"], ["allowance", "revoke", "id_x/1"],
            ["oracle", "prices"], ["oracle", "history", "AKT"], ["oracle", "post", "AKT", "1.2"],
            ["pool", "show"], ["pool", "proposals"], ["pool", "approve", "1"], ["pool", "cancel", "1"], ["pool", "propose", "fund", provider, "1", "ACT"],
            ["pool", "propose", "incentive", provider, "1", "ACT"], ["pool", "propose", "burn", "1", "ACT"], ["pool", "propose", "parameter", "take_fee.uakt", "1"],
            ["admin", "cluster", "--top", "3"], ["admin", "export", "accounts"], ["admin", "export", "journal", "--ledger", "uact"], ["admin", "export", "leases"], ["admin", "export", "bids"], ["admin", "export", "events", "--limit", "20"], ["admin", "params", "list"], ["admin", "params", "set", "take_fee.uakt", "1"], ["admin", "params", "history"],
            ["admin", "feeders", "add", provider], ["admin", "feeders", "remove", provider], ["admin", "roles", provider], ["admin", "confirm-price", "AKT", "0.5"],
            ["admin", "market", "show"], ["admin", "market", "pause", "--at", "2100-01-01T00:00:00Z"], ["admin", "market", "resume", "--at", "2100-01-02T00:00:00Z"],
            ["admin", "node", "drain", "node_x"], ["admin", "node", "resume", "node_x"], ["admin", "issue", "1", "AKT", "--to", provider, "--reason", "for the test"], ["admin", "issues", "AKT"],
            ["deployment", "auto-top-up", "set", id, "--cap", "1"], ["deployment", "auto-top-up", "show", id], ["deployment", "auto-top-up", "off", id],
            ["market", "stats"], ["node", "overcommit", node], ["provider", "addresses", "set"], ["provider", "addresses", "show"], ["provider", "reclaim", second], ["provider", "close", second], ["provider", "delete"],
            ["bids", "list", picked], ["bids", "accept", picked, "--provider", provider], ["deploy", "samples/hello-native.yaml", "--wait", "200"],
            ["deployment", "list"], ["deployment", "show", id], ["deployment", "deposit", id, "1"], ["deposit", id, "1", "--from", "balance_then_grants"], ["market", "why", id], ["market", "orders"],
            ["lease", "list"], ["lease", "show", lease], ["lease", "logs", lease, "--tail", "5"], ["logs", lease, "--tail", "5"], ["lease", "withdraw", second], ["lease", "close", second],
            ["deployment", "update", picked, "samples/hello-native.yaml"], ["deployment", "close-group", picked], ["deployment", "pause", picked], ["deployment", "start", picked], ["deployment", "close", picked], ["close", picked],
            ["provider", "maintenance", "off"], ["provider", "sign", provider, "region=local"], ["provider", "unsign", provider], ["provider", "decline", provider], ["node", "drain", node, "--off"], ["node", "retire", node],
            ["ledger", "transfer", "0.000001", "ACT", provider], ["identity", "keys", "list"], ["identity", "keys", "add", Path.Combine(network.Folder, "json-key.pem"), "--role", "node"],
            ["identity", "keys", "rotate", Path.Combine(network.Folder, "json-key-2.pem"), "--if-version", "1"], ["identity", "keys", "revoke", "key_x"],
            ["ledger", "balance"], ["ledger", "statement"], ["ledger", "verify"], ["faucet", "1", "ACT"],
            ["provider", "put", "me"], ["provider", "list"], ["node", "join"], ["node", "list"], ["identity", "show"], ["identity", "api-key", "ci", "--scope", "read"],
            ["sdl", "validate", "samples/hello-native.yaml"], ["sdl", "manifest", "samples/hello-native.yaml"],
            ["db", "migrate", "--sqlite", Path.Combine(network.Folder, "json.db")], ["completion", "bash"],
            ["db", "backup", Path.Combine(network.Folder, "json.backup"), "--sqlite", Path.Combine(network.Folder, "json.db")],
            ["db", "restore", Path.Combine(network.Folder, "json.backup"), "--sqlite", Path.Combine(network.Folder, "json-again.db")],
            ["subnet", "epoch", "--input", Path.Combine("tests", "vectors", "subnets", "generated_epochs.json")], ["emission", "TAO", "--issuance", "10500000"], ["emission", "TAO"], ["emission", "TAO", "--history"],
            ["faucet", "1", "TAO"], ["subnet", "lock-cost"], ["subnet", "create", "json", "--max-lock", "1"], ["subnet", "list"], ["subnet", "show", "1"], ["subnet", "price", "1"], ["subnet", "register", "1", "--max-price", "2"],
            ["subnet", "metagraph", "1"], ["subnet", "miners", "1"], ["subnet", "neurons"], ["subnet", "epochs", "1"], ["subnet", "hyperparameters", "1"], ["subnet", "set", "1", "immunity_period", "7"], ["subnet", "axon", "1", "http://127.0.0.1:9/v1"],
            ["subnet", "weights", "show", "1", "0"], ["subnet", "weights", "set", "1", "0:1"], ["subnet", "weights", "commit", "1", "0:1"], ["subnet", "weights", "reveal", "1", "0:1", "--salt", "1,2"],
            ["subnet", "root", "show"], ["subnet", "root", "register"], ["subnet", "root", "weights", "1:1"],
            ["stake", "add", "1"], ["stake", "remove", "all"], ["stake", "cancel-unbonding", "1"], ["stake", "move", "1", "--to", "id_x/key_x"], ["stake", "list"], ["stake", "delegates"], ["stake", "show"],
            ["stake", "take", "9"], ["stake", "inflation", "AKT"],
        ];
        foreach (var line in lines)
        {
            var who = line[0] is "admin" or "pool" or "oracle" ? network.Operator : tenant;
            var (code, output, error) = await who.TryAsync([.. line, "-o", "json"]);

            // A provider's own act on another's lease is refused: then stdout is empty and stderr is the JSON.
            var text = code == 0 ? output : error;
            Assert.True(code == 0 || output.Length == 0, $"depin {string.Join(' ', line)}: {code} and stdout {output}");
            Assert.True(IsJson(text), $"depin {string.Join(' ', line)} ({code}): {text}");
        }

        var tried = lines.Select(static l => string.Join(' ', l)).ToArray();
        var missing = Leaves(CommandLine.Create(), "").Where(path => !Elsewhere.Contains(path) && !tried.Any(t => t == path || t.StartsWith(path + " ", StringComparison.Ordinal)));
        Assert.Empty(missing);
    }

    [Fact]
    public async Task AnOperator_SeesThisProcess_AndExportsGoOnBehindALine()
    {
        var (tenant, lease) = await network.ReadyAsync();
        // Gateways tell of their agents now and then.
        var table = await Programs.EventuallyAsync("the agent is counted", async () => await network.Operator.RunAsync("admin", "cluster") is var t && t.Contains("1 agents connected", StringComparison.Ordinal) ? t : null);
        foreach (var part in (string[])["active", "Ledger", "http://127.0.0.1:"])
        {
            Assert.Contains(part, table, StringComparison.Ordinal);
        }

        Assert.Equal(1, (int)(await network.Operator.JsonAsync("admin", "silos"))["agents"]!);
        Assert.NotEqual(0, (await tenant.TryAsync("admin", "cluster")).Code);

        var lines = (await network.Operator.RunAsync("admin", "export", "journal")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var rest = (await network.Operator.RunAsync("admin", "export", "journal", "--from", (string)JsonNode.Parse(lines[2])!["cursor"]!)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines[3..], rest[..(lines.Length - 3)]);
        Assert.Contains(lease, await network.Operator.RunAsync("admin", "export", "leases"), StringComparison.Ordinal);
        var (code, output, error) = await tenant.TryAsync("admin", "export", "accounts");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("role_not_allowed", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deploy_TakesANumberOfYours_Once()
    {
        var (tenant, _) = await network.ReadyAsync();
        var created = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--pick", "--dseq", "18446744073709551616");
        var id = (string)created["id"]!;
        Assert.EndsWith("/18446744073709551616", id, StringComparison.Ordinal);
        var (code, _, error) = await tenant.TryAsync("deploy", "samples/hello-native.yaml", "--pick", "--dseq", "18446744073709551616");
        Assert.Equal(1, code);
        Assert.Contains("deployment.dseq_taken", error, StringComparison.Ordinal);
        await tenant.RunAsync("close", id);

        // Not even once it is over: what happened under an id stays what it was.
        Assert.Contains("deployment.dseq_taken", (await tenant.TryAsync("deploy", "samples/hello-native.yaml", "--pick", "--dseq", "18446744073709551616")).Error, StringComparison.Ordinal);
        Assert.Contains("request.invalid", (await tenant.TryAsync("deploy", "samples/hello-native.yaml", "--pick", "--dseq", "007")).Error, StringComparison.Ordinal);

        // Numbers are each owner's own.
        var other = new Depin(network.Url, Path.Combine(network.Folder, "other.pem"));
        await other.RunAsync("faucet", "10", "ACT");
        var theirs = (string)(await other.JsonAsync("deploy", "samples/hello-native.yaml", "--pick", "--dseq", "18446744073709551616"))["id"]!;
        Assert.NotEqual(id, theirs);
        await other.RunAsync("close", theirs);
    }

    [Fact]
    public async Task Deposit_IsTakenFromAFriend_OutOfAnAllowanceToo_AndWhatIsLeftGoesBack()
    {
        var (tenant, _) = await network.ReadyAsync();
        var friend = new Depin(network.Url, Path.Combine(network.Folder, "friend.pem"));
        await friend.RunAsync("faucet", "3", "ACT");
        var friendId = (string)(await friend.JsonAsync("identity", "show"))["id"]!;
        var id = (string)(await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--pick"))["id"]!;

        // Neither its escrow nor its orders are the friend's, who sees of it only its own part.
        var given = await friend.JsonAsync("deposit", id, "2");
        Assert.Equal((2_000_000, 1), ((long)given["deposits"]![0]!["left"]!, given["deposits"]!.AsArray().Count));
        var refused = await friend.TryAsync("deposit", id, "2", "--from", "grants");
        Assert.Contains("escrow.deposit_unfunded", refused.Error, StringComparison.Ordinal);
        var allowance = (string)(await tenant.JsonAsync("allowance", "grant", friendId, "1.5", "ACT"))["id"]!;
        Assert.Equal(8_500_000, (long)(await friend.JsonAsync("deposit", id, "1.5", "--from", "grants_then_balance"))["funds"]!);
        Assert.Equal(0, await LeftAsync());
        await tenant.RunAsync("close", id);
        Assert.Equal(1_500_000, await LeftAsync());
        Assert.Equal(3_000_000, (long)(await friend.JsonAsync("ledger", "balance"))["available"]!);
        await tenant.RunAsync("allowance", "revoke", allowance);
        Assert.Contains("escrow.not_found", (await friend.TryAsync("deposit", friendId + "/1", "1")).Error, StringComparison.Ordinal);

        async Task<long> LeftAsync() => (long)(await friend.JsonAsync("allowance", "list", "--received")).AsArray().Single(a => (string?)a!["id"] == allowance)!["left"]!;
    }

    [Fact]
    public async Task AProvidersDollarPrices_AreAllToBeSet_AndTheRestAreTheUsualOnes()
    {
        await network.ReadyAsync();
        var seller = new Depin(network.Url, Path.Combine(network.Folder, "seller.pem"));
        var usual = (await seller.JsonAsync("provider", "put", "seller", "--cpu-usd", "2"))["profile"]!["pricing"]!;
        Assert.Equal(("2", "0.80", "0.05", "5"), Prices(usual));
        Assert.Equal("0.02", Storage(usual)["ephemeral"]);
        var own = (await seller.JsonAsync("provider", "put", "seller", "--memory-usd", "3", "--storage-usd", "ephemeral=0.5", "--storage-usd", "beta3=0.75", "--endpoint-usd", "0.25", "--ip-usd", "7"))["profile"]!["pricing"]!;
        Assert.Equal(("1.60", "3", "0.25", "7"), Prices(own));
        Assert.Equal(new Dictionary<string, string> { ["beta3"] = "0.75", ["ephemeral"] = "0.5" }, Storage(own));
        foreach (var wrong in (string[][])[["--storage-usd", "ephemeral=cheap"], ["--endpoint-usd", "-1"], ["--ip-usd", "1e3"]])
        {
            Assert.Contains("provider.pricing_invalid", (await seller.TryAsync(["provider", "put", "seller", .. wrong])).Error, StringComparison.Ordinal);
        }

        await seller.RunAsync("provider", "delete");

        static (string?, string?, string?, string?) Prices(JsonNode p) => ((string?)p["cpuUsd"], (string?)p["memoryUsd"], (string?)p["endpointUsd"], (string?)p["ipUsd"]);
        static Dictionary<string, string> Storage(JsonNode p) => p["storageUsd"]!.AsArray().ToDictionary(static f => (string)f!["name"]!, static f => (string)f!["value"]!);
    }

    [Fact]
    public async Task AProvider_EndsALeaseItSells_AndTheReasonIsKept()
    {
        var (tenant, _) = await network.ReadyAsync();
        var deployed = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200");
        var lease = (string)deployed["leases"]![0]!["id"]!;

        // A foreigner has no bid there.
        Assert.NotEqual(0, (await tenant.TryAsync("provider", "close", lease[..lease.LastIndexOf('/')])).Code);
        Assert.Equal($"{lease}: closed (reason 10001)", (await network.Operator.RunAsync("provider", "close", lease, "--reason", "10001")).Trim());
        var closed = await Programs.EventuallyAsync("the lease is closed", async () => await tenant.JsonAsync("lease", "show", lease) is var l && (string?)l["status"] == "closed" ? l : null);
        Assert.Equal(10_001, (int)closed["closeReason"]!);
        await tenant.RunAsync("deployment", "close", (string)deployed["deployment"]!["id"]!);
    }

    [Fact]
    public async Task EveryCommand_HelpEndsWithItsExitCodes()
    {
        foreach (var path in Leaves(CommandLine.Create(), ""))
        {
            var output = new StringWriter();
            await CommandLine.Create().Parse(path + " --help").InvokeAsync(new InvocationConfiguration { Output = output });
            Assert.Contains("Exit codes:\n  0", output.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Refusal_ShowsCodeNumbersAndWhatToDo_InJsonTheWholeProblem()
    {
        await network.ReadyAsync();
        var poor = new Depin(network.Url, Path.Combine(network.Folder, "poor.pem"));
        var (code, output, error) = await poor.TryAsync("deploy", "samples/hello-native.yaml");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("insufficient_funds", error, StringComparison.Ordinal);
        Assert.Contains("5000000", error, StringComparison.Ordinal);
        Assert.Contains("depin faucet", error, StringComparison.Ordinal);

        (_, output, error) = await poor.TryAsync("deploy", "samples/hello-native.yaml", "-o", "json");
        Assert.Empty(output);
        Assert.EndsWith("insufficient_funds", (string?)JsonNode.Parse(error)!["code"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "cli.id_malformed", "lease", "show", "nonsense")]
    [InlineData(1, "nowhere.yaml", "deploy", "nowhere.yaml")]
    [InlineData(1, "cli.server_invalid", "node", "list", "--server", "not an address")]
    [InlineData(2, "cannot reach the API", "node", "list", "--server", "http://127.0.0.1:1")]
    [InlineData(1, "amount.invalid", "faucet", "-1", "ACT")]
    [InlineData(1, "amount.invalid", "faucet", "79228162514264337593543950335", "ACT")]
    [InlineData(1, "amount.invalid", "faucet", "79228162514264337593543950335", "uact")]
    [InlineData(1, "amount.invalid", "subnet", "create", "much", "--max-lock", "79228162514264337593543950335")]
    [InlineData(1, "cli.id_malformed", "provider", "reclaim", "foo")]
    [InlineData(1, "pair.repeated", "provider", "put", "me", "--attribute", "region=a", "--attribute", "region=b")]
    [InlineData(1, "cli.file_invalid", "deploy", "")]
    [InlineData(1, "cli.key_unusable", "node", "list", "--key", "")]
    [InlineData(1, "cli.request_id_invalid", "faucet", "1", "ACT", "--request-id", "two words")]
    public async Task WrongUse_IsASentenceAndACode_NeverATrace(int expected, string part, params string[] line)
    {
        var nobody = new Depin("http://127.0.0.1:1", Path.Combine(network.Folder, "nobody.pem"));
        var (code, output, error) = await nobody.TryAsync(line);
        Assert.Equal((expected, ""), (code, output));
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_OfAFileThatCannotBe_SaysSo()
    {
        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, "sdl", "validate", "");
        Assert.Equal((1, ""), (code, error));
        Assert.Contains("sdl.unreadable", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accept_InAGroupThereIsNot_IsRefused()
    {
        var (tenant, lease) = await network.ReadyAsync();
        var (code, output, error) = await tenant.TryAsync("bids", "accept", string.Join('/', lease.Split('/')[..2]), "--group", "9", "--provider", lease.Split('/')[4]);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("group.not_found", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.5", "uact", 2_500_000)]
    [InlineData("2.5", "rao", 2_500_000_000)]
    [InlineData("2.5", "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1", 2_500_000)]
    [InlineData("7", "grain", 7)]
    public void Deposits_AreOfTheDeploymentsToken(string whole, string denom, long minor) => Assert.Equal(minor, Cli.Common.Amounts.ParseWhole(whole, denom));

    private static IEnumerable<string> Leaves(Command command, string path) => command.Subcommands.Count == 0
        ? [path.Trim()]
        : command.Subcommands.SelectMany(child => Leaves(child, path + " " + child.Name));

    /// <summary>One document, or one a line (logs).</summary>
    private static bool IsJson(string text)
    {
        try
        {
            return JsonNode.Parse(text) is not null;
        }
        catch (JsonException)
        {
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).All(static line =>
            {
                try
                {
                    return JsonNode.Parse(line) is JsonObject;
                }
                catch (JsonException)
                {
                    return false;
                }
            });
        }
    }
}
