using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>Deployments that are paid in AKT and in USDC, with the real programs: this machine sells for dollars, then by a script of its own that knows currencies by the names Akash gives them.</summary>
public sealed class CurrencyWalkTests : StandaloneWalk
{
    private const string Usdc = "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1";

    [Fact]
    public async Task AktAndUsdc_AreBidFor_Streamed_Taxed_AndGivenBack()
    {
        var tenant = Person("tenant");
        var seller = Person(Path.Combine("standalone", "identity"));
        await tenant.RunAsync("faucet", "100", "AKT");
        await tenant.RunAsync("faucet", "100", "USDC");
        await Programs.EventuallyAsync("this machine is online", async () =>
            (await tenant.JsonAsync("node", "list")).AsArray().Any(static n => (string?)n!["status"] == "online") ? "yes" : null);

        // By the oracle an AKT is half a dollar: twice as many of them.
        var akt = await WalkAsync(tenant, seller, "uakt", "uakt", 25);
        var usdc = await WalkAsync(tenant, seller, Usdc, "uusdc", 5);
        Assert.InRange(akt / usdc, 1.99m, 2.01m);

        await seller.RunAsync("provider", "put", "this machine", "--external", "--attribute", "region=local", "--attribute", "host=standalone");
        await using var bidder = new BidderProcess(Standalone.Url, seller.KeyFile, "--script", Script());
        await bidder.SaysAsync("it is connected", static l => (string?)l["action"] == "connected");
        Assert.Equal(2_000, await WalkAsync(tenant, seller, "uakt", "uakt", 25));
        Assert.Equal(1_000, await WalkAsync(tenant, seller, Usdc, "uusdc", 5));
        foreach (var token in (string[])["ACT", "AKT", "USDC"])
        {
            await tenant.RunAsync("ledger", "verify", token);
        }
    }

    /// <summary>From the SDL to the last minor unit.</summary>
    /// <param name="denom">As the SDL names it.</param>
    /// <param name="part">The network keeps a part in so many of what is earned.</param>
    /// <returns>The lease's rate, minor units a block.</returns>
    private async Task<decimal> WalkAsync(Depin tenant, Depin seller, string denom, string token, int part)
    {
        var (purse, earned, pool) = (await PostedAsync(tenant, token), await PostedAsync(seller, token), await PoolAsync(tenant, token));
        var deployed = await tenant.JsonAsync("deploy", await SdlAsync(denom), "--wait", "200", "--deposit", "20");
        var id = (string)deployed["deployment"]!["id"]!;
        Assert.True((bool)deployed["running"]!, deployed.ToJsonString());
        var terms = deployed["leases"]![0]!["terms"]!;
        Assert.Equal(token, (string?)terms["currency"]);
        await Programs.EventuallyAsync("it costs something", async () => (long)(await EscrowAsync(tenant, id))["costSoFar"]! > 100 ? "yes" : null);
        Assert.Equal(token, (string?)(await tenant.JsonAsync("deployment", "deposit", id, "2.5"))["currency"]);
        Assert.Equal(purse - 22_500_000, await PostedAsync(tenant, token));

        Assert.Equal("closed", (string?)(await tenant.JsonAsync("deployment", "close", id))["status"]);
        var escrow = await EscrowAsync(tenant, id);
        var cost = (long)escrow["costSoFar"]!;
        Assert.Equal((0, purse - cost), ((long)escrow["funds"]!, await PostedAsync(tenant, token)));
        Assert.Equal((pool + (cost / part), earned + cost - (cost / part)), (await PoolAsync(tenant, token), await PostedAsync(seller, token)));
        return decimal.Parse((string)terms["rate"]!, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<JsonNode> EscrowAsync(Depin who, string id) => (await who.JsonAsync("deployment", "show", id))["escrow"]!;

    private static async Task<long> PostedAsync(Depin who, string token) => (long)(await who.JsonAsync("ledger", "balance", token))["posted"]!;

    private static async Task<long> PoolAsync(Depin who, string token) =>
        (long?)(await who.JsonAsync("pool", "show")).AsArray().SingleOrDefault(b => (string?)b!["token"] == token)?["amount"] ?? 0;

    private async Task<string> SdlAsync(string denom)
    {
        var path = Path.Combine(Folder, "hello.yaml");
        var sdl = await File.ReadAllTextAsync(Path.Combine(Programs.Repository, "samples", "hello-native.yaml"));
        await File.WriteAllTextAsync(path, sdl.Replace("denom: uact", "denom: " + denom, StringComparison.Ordinal).Replace("amount: 1000", "amount: 5000", StringComparison.Ordinal));
        return path;
    }

    /// <summary>As Akash's own scripts do it: a price for each currency by its denomination, none for others.</summary>
    private string Script()
    {
        var path = Path.Combine(Folder, "price.sh");
        File.WriteAllText(path, $"#!/bin/sh\ncat > /dev/null\ncase \"$AKASH_DENOM\" in\nuakt) echo 2000 ;;\n{Usdc}) echo 1000 ;;\n*) echo \"no price in $AKASH_DENOM\" >&2; exit 1 ;;\nesac\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
