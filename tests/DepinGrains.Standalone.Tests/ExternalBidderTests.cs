using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>A provider that bids from its own machine with a script, against a managed one, with the real programs.</summary>
public sealed class ExternalBidderTests : StandaloneWalk
{
    [Fact]
    public async Task An_external_bid_wins_and_the_bidder_comes_back_after_the_server_was_killed_and_drains_when_asked()
    {
        var key = KeyFile("bidder");
        var provider = new Depin(Standalone.Url, key);
        await provider.RunAsync("faucet", "10", "ACT");
        await provider.RunAsync("provider", "put", "outside", "--external");
        await using var agent = new AgentProcess(Path.Combine(Folder, "agent"), Standalone.Url, (await provider.RunAsync("node", "join")).Trim(), 31_400);
        var tenant = Person("tenant");
        await Programs.EventuallyAsync("two nodes online", async () => (await tenant.JsonAsync("node", "list")).AsArray().Count(static n => (string?)n!["status"] == "online") == 2 ? "yes" : null);
        await tenant.RunAsync("faucet", "100", "ACT");

        await using var bidder = new BidderProcess(Standalone.Url, key, "--script", Script(), "--withdraw");
        await bidder.SaysAsync("it is connected", static l => Is(l, "connected"));
        var deployed = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--wait", "200");
        var lease = (string)deployed["leases"]![0]!["id"]!;
        Assert.Equal("0.5", (string?)deployed["leases"]![0]!["terms"]!["rate"]);
        Assert.EndsWith((string)(await provider.JsonAsync("provider", "list")).AsArray().Single(static p => (string?)p!["profile"]!["name"] == "outside")!["id"]!, lease, StringComparison.Ordinal);
        var order = lease[..lease.LastIndexOf('/')];
        await bidder.SaysAsync("the bid", l => Is(l, "bid", order) && (string?)l["price"] == "0.5");
        await bidder.SaysAsync("that it won", l => Is(l, "won", order));

        // What a bidder does that ends just after it won: its lease must not go with the bid.
        using (var api = new ApiClient(Standalone.Url, key))
        {
            var parts = lease.Split('/');
            var kept = await api.CommandAsync($"/v1/deployments/{parts[0]}/{parts[1]}/groups/{parts[2]}/orders/{parts[3]}/bids/close", """{"reason":10002,"onlyOpen":true}""");
            Assert.Equal((422, "bid.not_open"), (kept.Status, kept.Code));
            Assert.Equal("active", (string?)(await tenant.JsonAsync("lease", "show", lease))["status"]);
        }

        await Standalone.KillAsync();
        await bidder.SaysAsync("that the server is away", static l => Is(l, "reconnecting"));
        await Standalone.StartAsync();

        // Nobody here has a card: its own filter says so before the script is asked.
        var gpu = System.Text.Json.Nodes.JsonNode.Parse((await tenant.TryAsync("deploy", "samples/gpu.yaml", "--wait", "1", "-o", "json")).Out)!;
        var skipped = await bidder.SaysAsync("why it skips", l => Is(l, "skip", (string)gpu["deployment"]!["id"]! + "/1/1"));
        Assert.Equal("inventory.insufficient_capacity", (string?)skipped["code"]);

        var stats = await tenant.JsonAsync("market", "stats");
        Assert.Equal((1, "cpu/small"), ((int)stats.AsArray()[^1]!["active"]!, (string?)stats.AsArray()[^1]!["resourceClass"]));

        var picked = await tenant.JsonAsync("deploy", "samples/hello-native.yaml", "--pick");
        var id = (string)picked["id"]!;
        await bidder.SaysAsync("a bid nobody took yet", l => Is(l, "bid", id + "/1/1"));
        Assert.Equal(0, await bidder.EndAsync());
        await bidder.SaysAsync("that it took the open bid back", l => Is(l, "withdrawn", id + "/1/1"));
        await bidder.SaysAsync("that it drained", static l => Is(l, "drained"));
        Assert.Empty(await bidder.Errors);
        var bids = (await tenant.JsonAsync("bids", "list", id)).AsArray();
        Assert.Contains(bids, static b => (string?)b!["price"] == "0.5" && (string?)b["status"] == "closed");
        await tenant.RunAsync("ledger", "verify", "ACT");
    }

    [Fact]
    public async Task Who_is_no_provider_is_told_so()
    {
        await using var bidder = new BidderProcess(Standalone.Url, Path.Combine(Folder, "nobody.pem"), "--script", Script());
        Assert.NotEmpty(await bidder.Errors.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Public_pages_answer_and_bad_questions_are_refused()
    {
        using var http = new HttpClient();
        foreach (var (path, status) in ((string, int)[])[
            ("/v1/orders/feed", 401),
            ("/v1/statistics/leases?period=week", 400),
            ("/v1/statistics/leases?from=2026-13-01", 400),
            ("/v1/statistics/leases?from=2026-02-01&to=2026-01-01", 400),
            ("/v1/statistics/leases?from=2000-01-01&to=2026-01-01", 200),
            ("/v1/statistics/leases?period=quarter", 200),
            ("/v1/providers/id_nobody/addresses", 200)])
        {
            using var answer = await http.GetAsync(new Uri(Standalone.Url + path));
            Assert.Equal((path, status), (path, (int)answer.StatusCode));
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Equal(status >= 400, body["code"] is not null);
        }
    }

    [Fact]
    public async Task Scale_prices_reclamation_addresses_and_overcommit_are_set_from_the_command_line()
    {
        var provider = new Depin(Standalone.Url, Path.Combine(Folder, "scaled.pem"));
        var put = await provider.JsonAsync(
            "provider", "put", "scaled", "--scale-cpu", "0.1", "--scale-memory", "0.5", "--scale-storage", "ephemeral=0.25", "--scale-endpoint", "7", "--scale-gpu", "a100.80Gi=900", "--reclaim-window", "86400");
        Assert.Null(put["profile"]!["pricing"]);
        Assert.Equal(("0.1", "900", 86_400), ((string?)put["profile"]!["scale"]!["cpuPerMilli"], (string?)put["profile"]!["scale"]!["gpuPerCard"]![0]!["value"], (int)put["profile"]!["reclaimWindowSeconds"]!));
        var refused = await Assert.ThrowsAsync<CommandException>(() => provider.RunAsync("provider", "put", "scaled", "--scale-cpu", "cheap"));
        Assert.Contains("provider.pricing_invalid", refused.Message, StringComparison.Ordinal);
        Assert.Equal(8, (int)(await provider.JsonAsync("provider", "addresses", "set", "203.0.113.8-203.0.113.15"))["free"]!);
        Assert.Contains("8 free", await provider.RunAsync("provider", "addresses", "show"), StringComparison.Ordinal);

        // The machine's own node belongs to the standalone's identity.
        var owner = new Depin(Standalone.Url, Path.Combine(Folder, "standalone", "identity.pem"));
        var node = await Programs.EventuallyAsync("the node", async () => (string?)(await owner.JsonAsync("node", "list")).AsArray().FirstOrDefault()?["id"], 240);
        Assert.Equal(50, (int)(await owner.JsonAsync("node", "overcommit", node, "--cpu", "50"))["overcommit"]!["cpuPercent"]!);
        Assert.Contains("node.not_owner", (await Assert.ThrowsAsync<CommandException>(() => provider.RunAsync("node", "overcommit", node, "--cpu", "9"))).Message, StringComparison.Ordinal);
    }

    private static bool Is(JsonNode line, string action, string? order = null) => (string?)line["action"] == action && (order is null || (string?)line["order"] == order);

    private string Script()
    {
        var path = Path.Combine(Folder, "price.sh");
        File.WriteAllText(path, "#!/bin/sh\ncat > /dev/null\necho 0.5\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
