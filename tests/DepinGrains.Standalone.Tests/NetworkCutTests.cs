using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>The network between an agent and its gateway breaks, with the real programs and a proxy between them. A provider's machine goes on working through it; what is cut too long is handled by the market.</summary>
public sealed class NetworkCutTests : StandaloneWalk
{
    private CuttableProxy _proxy = null!;
    private AgentProcess _agent = null!;
    private Hello _hello = null!;
    private ApiClient _provider = null!;

    /// <summary>One node, outside. It beats every second and is dead after 25 without a beat: a cut that a slow machine takes long to mend must not be one of those that end leases.</summary>
    protected override Task<string[]> SettingsAsync() =>
        Task.FromResult<string[]>(["--Standalone:Agent", "false", "--Liveness:IntervalMin", "00:00:01", "--Liveness:SuspectIntervals", "4", "--Liveness:DeadIntervals", "25"]);

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _proxy = new CuttableProxy(Standalone.Url);
        var provider = Person("provider");
        await provider.RunAsync("faucet", "10", "ACT");
        await provider.RunAsync("provider", "put", "far", "--cpu-usd", "0.10");
        _agent = new AgentProcess(Path.Combine(Folder, "agent"), _proxy.Url, (await provider.RunAsync("node", "join")).Trim(), 31_600, "--Workloads:UsageInterval=01:00:00");
        _provider = new ApiClient(Standalone.Url, provider.KeyFile);
        _hello = await Hello.RunAsync(Standalone, Person("tenant"));
    }

    public override async ValueTask DisposeAsync()
    {
        _hello?.Dispose();
        _provider?.Dispose();
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    [Fact]
    public async Task Short_cuts_are_survived_without_a_restart_or_a_second_report()
    {
        var before = await _hello.Tenant.GetAsync("/v1/leases/" + _hello.Lease);
        var node = (string)before["workloads"]![0]!["node"]!;
        for (var cut = 1; cut <= 3; cut++)
        {
            var session = await SessionAsync(node);
            if (cut == 3)
            {
                // The last one in silence: the agent notices by itself that nothing comes back.
                _proxy.Lose();
                await Programs.EventuallyAsync("the node is suspect", async () => await StatusAsync(node) is "suspect" ? "yes" : null);
                await _hello.AnswersAsync();
                _proxy.Heal();
            }
            else
            {
                _proxy.Reset();
            }

            await Programs.EventuallyAsync("a new session", async () => await SessionAsync(node) > session && await StatusAsync(node) is "online" ? "yes" : null);
            await _hello.AnswersAsync();
        }

        await _hello.GoesOnAsync();
        var after = await _hello.Tenant.GetAsync("/v1/leases/" + _hello.Lease);
        Assert.Equal(before["workloads"]!.ToJsonString(), after["workloads"]!.ToJsonString());
        Assert.Equal((long)before["version"]!, (long)after["version"]!);
    }

    [Fact]
    public async Task A_cut_longer_than_the_time_out_ends_the_lease_pays_what_was_earned_and_the_node_comes_back_to_work()
    {
        var node = (string)(await _hello.Tenant.GetAsync("/v1/leases/" + _hello.Lease))["workloads"]![0]!["node"]!;
        var purse = await WalletAsync(_provider);
        _proxy.Lose();
        await Programs.EventuallyAsync("the node is offline", async () => await StatusAsync(node) is "offline" ? "yes" : null);
        var lease = await Programs.EventuallyAsync("its lease is closed", async () => await _hello.Tenant.GetAsync("/v1/leases/" + _hello.Lease) is { } l && (string?)l["status"] == "closed" ? l : null);
        Assert.Equal((10_000, $"node {node} went silent"), ((int)lease["closeReason"]!, (string?)lease["closeDetail"]));

        // Nobody can tell the agent: its workload runs on, unpaid.
        await _hello.AnswersAsync();
        var deployment = await Programs.EventuallyAsync("the group is listed again", async () => await GroupAsync() is { } g && (int)g["order"]!["oseq"]! == 2 ? g : null);
        Assert.Equal("open", (string?)deployment["status"]);
        var cost = await _hello.CostAsync();
        Assert.InRange(cost, 1, 20_000_000);
        var paid = await WalletAsync(_provider) - purse;

        // What was earned less the take fee; the bid's deposit came back with the end of the lease.
        Assert.Equal(MarketBidDeposit + cost - Fee(cost), paid);
        Assert.Equal(cost, await _hello.CostAsync());

        _proxy.Heal();
        await Programs.EventuallyAsync("the node is online", async () => await StatusAsync(node) is "online" ? "yes" : null);
        var second = await Programs.EventuallyAsync("a second lease", async () => (string?)(await GroupAsync())["order"]!["leaseId"]);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await Programs.EventuallyAsync("the second lease answers", async () =>
        {
            var workloads = (await _hello.Tenant.GetAsync("/v1/leases/" + second))["workloads"]!.AsArray();
            return workloads.Count > 0 && (await http.GetStringAsync(new Uri("http://" + (string)workloads[0]!["addresses"]![0]!))).Contains(second, StringComparison.Ordinal) ? "yes" : null;
        });
        await Programs.EventuallyAsync("the first lease's workload has ended", async () =>
        {
            try
            {
                await _hello.AnswersAsync();
                return null;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or Xunit.Sdk.XunitException)
            {
                return "ended";
            }
        });
        Assert.Equal("closed", (string?)(await Person("tenant").JsonAsync("deployment", "close", _hello.Deployment))["status"]);
        await Person("tenant").RunAsync("ledger", "verify", "ACT");
        Assert.Equal(0, (long)(await _provider.GetAsync("/v1/ledgers/uact/balance"))["held"]!);
    }

    private const long MarketBidDeposit = 500_000;

    private static long Fee(long cost) => cost / 5;

    private static async Task<long> WalletAsync(ApiClient who) => (long)(await who.GetAsync("/v1/ledgers/uact/balance"))["available"]!;

    private async Task<JsonNode> GroupAsync() => (await _hello.Tenant.GetAsync("/v1/deployments/" + _hello.Deployment))["groups"]![0]!;

    private async Task<string?> StatusAsync(string node) => (string?)(await _provider.GetAsync("/v1/nodes/" + node))["status"];

    private async Task<long> SessionAsync(string node) => (long)(await _provider.GetAsync("/v1/nodes/" + node))["session"]!;
}
