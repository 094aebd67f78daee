using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>Money by the command line against the real program: ACT bought and sold, allowances, a standing order, parameters and the pool by an operator, kill -9 between.</summary>
public sealed class MoneyWalkTests : StandaloneWalk
{
    protected override Task<string[]> SettingsAsync() => Task.FromResult<string[]>(["--Issuance:DayMax:uakt", "3000000"]);

    [Fact]
    public async Task TheMarketIsPausedAndResumed_AndANodeDrained_ByAnOperator()
    {
        var tenant = Person("tenant");
        var op = Person(Path.Combine("standalone", "identity"));
        await tenant.RunAsync("faucet", "100", "ACT");
        var node = await Programs.EventuallyAsync("this machine is online", async () =>
            (string?)(await tenant.JsonAsync("node", "list")).AsArray().FirstOrDefault(static n => (string?)n!["status"] == "online")?["id"], 240);
        await op.RunAsync("admin", "market", "pause");
        await Programs.EventuallyAsync("the market is paused", async () => (await tenant.RunAsync("admin", "market", "show")).StartsWith("paused", StringComparison.Ordinal) ? "yes" : null);
        var (code, _, why) = await tenant.TryAsync("deploy", "samples/hello-native.yaml");
        Assert.NotEqual(0, code);
        Assert.Contains("paused", why, StringComparison.Ordinal);
        await op.RunAsync("admin", "market", "resume");
        await Programs.EventuallyAsync("the market is open", async () => (await tenant.RunAsync("admin", "market", "show")).StartsWith("open", StringComparison.Ordinal) ? "yes" : null);

        Assert.NotEqual(0, (await tenant.TryAsync("admin", "node", "drain", node)).Code);
        Assert.Equal("draining", (string?)(await op.JsonAsync("admin", "node", "drain", node))["status"]);
        Assert.Equal("online", (string?)(await op.JsonAsync("admin", "node", "resume", node))["status"]);
        Assert.NotEmpty((await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200"))["leases"]!.AsArray());
    }

    [Fact]
    public async Task BuySellGrantDeployTopUpAndPropose()
    {
        var tenant = Person("tenant");
        var friend = Person("friend");
        var op = Person(Path.Combine("standalone", "identity"));
        var friendId = (string)(await friend.JsonAsync("identity", "show"))["id"]!;
        await tenant.RunAsync("faucet", "100", "AKT");
        await friend.RunAsync("faucet", "1", "ACT");

        // Registered by the first command that needed it, or by asking: shown alike.
        Assert.StartsWith("id_", (string?)(await tenant.JsonAsync("identity", "show"))["id"], StringComparison.Ordinal);
        Assert.Equal(friendId, (string?)(await friend.JsonAsync("identity", "show"))["id"]);

        // 0.50 USD by the seed, half a percent kept: 40 AKT → 19.9 ACT.
        Assert.Equal(19_900_000, (long)(await tenant.JsonAsync("act", "quote", "buy", "40", "AKT"))["out"]!);
        Assert.Equal(19_900_000, (long)(await tenant.JsonAsync("act", "buy", "40", "AKT"))["out"]!);
        Assert.Equal(1_990_000, (long)(await tenant.JsonAsync("act", "sell", "1", "AKT"))["out"]!);
        Assert.Equal(2, (await tenant.JsonAsync("act", "list")).AsArray().Count);

        await Programs.EventuallyAsync("this machine is online", async () =>
            (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null, 240);
        var allowance = (string)(await tenant.JsonAsync("allowance", "grant", friendId, "10", "ACT"))["id"]!;
        var deployed = await friend.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200", "--from", "grants");
        var id = (string)deployed["deployment"]!["id"]!;
        Assert.Equal(5_000_000, (long)(await friend.JsonAsync("allowance", "list", "--received")).AsArray().Single(a => (string?)a!["id"] == allowance)!["left"]!);
        var rule = await friend.JsonAsync("deployment", "auto-top-up", "set", id, "--cap", "2", "--from", "grants");
        Assert.Equal(2_000_000, (long)rule["rule"]!["capPerPeriod"]!);

        var set = await op.JsonAsync("admin", "params", "set", "take_fee.uakt", "350");
        Assert.Equal(350, (long)set["value"]!);
        await Programs.EventuallyAsync("the parameter holds", async () =>
            (long)(await op.JsonAsync("admin", "params", "list")).AsArray().Single(static p => (string?)p!["name"] == "take_fee.uakt")!["value"]! == 350 ? "yes" : null);
        Assert.Equal(2_500_000, (long)(await op.JsonAsync("admin", "issue", "2.5", "AKT", "--to", friendId, "--reason", "opening"))["amount"]!);
        var (refused, _, why) = await tenant.TryAsync("admin", "issue", "1", "AKT", "--to", friendId, "--reason", "for me");
        Assert.NotEqual(0, refused);
        Assert.Contains("Operator", why, StringComparison.Ordinal);
        await Standalone.KillAsync();
        await Standalone.StartAsync();
        Assert.Equal("opening", (string?)Assert.Single((await tenant.JsonAsync("admin", "issues", "AKT")).AsArray())!["reason"]);
        Assert.Equal("closed", (string?)(await friend.JsonAsync("deployment", "close", id))["status"]);
        Assert.Single((await op.JsonAsync("admin", "params", "history")).AsArray());
        Assert.Equal("approved", (string?)(await op.JsonAsync("pool", "propose", "burn", "0.000001", "ACT"))["status"]);
        Assert.Single((await tenant.JsonAsync("pool", "proposals")).AsArray());
        foreach (var token in (string[])["ACT", "AKT", "USDC"])
        {
            await tenant.RunAsync("ledger", "verify", token);
        }
    }
}
