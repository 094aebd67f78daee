using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>A network that closes the leases of lost nodes instead of listing them again: the real agent goes away, and the tenant is told what became of the lease and may start again.</summary>
public sealed class NodeLossWalkTests : StandaloneWalk
{
    protected override Task<string[]> SettingsAsync() => Task.FromResult<string[]>(
        ["--Standalone:Agent", "false", "--Deployments:RelistOnNodeLoss", "false", "--Liveness:IntervalMin", "00:00:01", "--Liveness:SuspectIntervals", "5", "--Liveness:DeadIntervals", "10"]);

    [Fact]
    public async Task ALostNode_EndsItsLease_AndTheTenantSeesWhy()
    {
        var provider = Person("provider");
        await provider.RunAsync("faucet", "10", "ACT");
        await provider.RunAsync("provider", "put", "far");
        await using var agent = new AgentProcess(Path.Combine(Folder, "agent"), Standalone.Url, (await provider.RunAsync("node", "join")).Trim(), 31_800);
        using var hello = await Hello.RunAsync(Standalone, Person("tenant"));
        var node = (string)(await hello.Tenant.GetAsync("/v1/leases/" + hello.Lease))["workloads"]![0]!["node"]!;

        await agent.DisposeAsync();
        await Programs.EventuallyAsync("its lease is closed", async () => (string?)(await hello.Tenant.GetAsync("/v1/leases/" + hello.Lease))["status"] == "closed" ? "yes" : null);
        var tenant = Person("tenant");
        var shown = await Programs.EventuallyAsync("the group waits", async () => await tenant.RunAsync("deployment", "show", hello.Deployment) is var s && s.Contains("group 1 paused", StringComparison.Ordinal) ? s : null);
        Assert.Contains($"node {node} went silent", shown, StringComparison.Ordinal);
        Assert.Contains("nothing is being paid", shown, StringComparison.Ordinal);
        var escrow = await hello.Tenant.GetAsync($"/v1/deployments/{hello.Deployment}/escrow");
        Assert.Equal(20_000_000, (long)escrow["funds"]! + (long)escrow["costSoFar"]!);

        await tenant.RunAsync("deployment", "start", hello.Deployment);
        Assert.Equal(2, (int)(await hello.Tenant.GetAsync("/v1/deployments/" + hello.Deployment))["groups"]![0]!["order"]!["oseq"]!);
        await tenant.RunAsync("deployment", "close", hello.Deployment);
        await tenant.RunAsync("ledger", "verify");
    }
}
