using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>Money by the command line against the real program: ACT bought and sold, allowances, a standing order, parameters and the pool by an operator, kill -9 between.</summary>
public sealed class MoneyWalkTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-money-").FullName;
    private StandaloneProcess _standalone = null!;

    public async ValueTask InitializeAsync()
    {
        _standalone = new StandaloneProcess(Path.Combine(_folder, "standalone"));
        await _standalone.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _standalone.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task BuySellGrantDeployTopUpAndPropose()
    {
        var tenant = new Depin(_standalone.Url, Path.Combine(_folder, "tenant.pem"));
        var friend = new Depin(_standalone.Url, Path.Combine(_folder, "friend.pem"));
        var op = new Depin(_standalone.Url, Path.Combine(_folder, "standalone", "identity.pem"));
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
        var deployed = await friend.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "60", "--from", "grants");
        var id = (string)deployed["deployment"]!["id"]!;
        Assert.Equal(5_000_000, (long)(await friend.JsonAsync("allowance", "list", "--received")).AsArray().Single(a => (string?)a!["id"] == allowance)!["left"]!);
        var rule = await friend.JsonAsync("deployment", "auto-top-up", "set", id, "--cap", "2", "--from", "grants");
        Assert.Equal(2_000_000, (long)rule["rule"]!["capPerPeriod"]!);

        var set = await op.JsonAsync("admin", "params", "set", "take_fee.uakt", "350");
        Assert.Equal(350, (long)set["value"]!);
        await Programs.EventuallyAsync("the parameter holds", async () =>
            (long)(await op.JsonAsync("admin", "params", "list")).AsArray().Single(static p => (string?)p!["name"] == "take_fee.uakt")!["value"]! == 350 ? "yes" : null);
        await _standalone.KillAsync();
        await _standalone.StartAsync();
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
