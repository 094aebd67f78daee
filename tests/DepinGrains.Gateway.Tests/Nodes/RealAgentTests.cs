using DepinGrains.Agent;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>The real agent against the real endpoint.</summary>
public sealed class RealAgentTests(NodeHost host) : IClassFixture<NodeHost>
{
    [Fact]
    public async Task The_agent_joins_connects_and_is_missed_when_it_stops()
    {
        var folder = Directory.CreateTempSubdirectory("depin-agent-").FullName;
        var options = new AgentOptions { WorkDirectory = folder, JoinToken = await host.TokenAsync() };
        options.Gateways.Add(host.Address.ToString());
        options.Containers.Enabled = false;
        var agent = new DepinAgent(options, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = new CancellationTokenSource();
        var running = agent.RunAsync(stop.Token);
        await NodeHost.EventuallyAsync(() => Task.FromResult(running.IsCompleted || agent.Session > 0), "the agent has a session");
        Assert.False(running.IsFaulted, running.Exception?.ToString());
        await host.BecomesAsync(agent.NodeId!, NodeStatus.Online);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await host.BecomesAsync(agent.NodeId!, NodeStatus.Offline);
        Directory.Delete(folder, recursive: true);
    }
}
