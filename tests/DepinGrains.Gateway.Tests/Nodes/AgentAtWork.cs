using DepinGrains.Agent;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Providers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace DepinGrains.Gateway.Tests.Nodes;

/// <summary>The real agent in this process, joined and online at a host's gateway as a node of a provider.</summary>
internal sealed class AgentAtWork : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-agent-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly DepinAgent _agent;
    private readonly Task _running;

    private AgentAtWork(Uri gateway, string token, Action<AgentOptions>? configure)
    {
        var options = new AgentOptions { WorkDirectory = _folder, JoinToken = token, StopWorkloadsOnExit = true };
        options.Gateways.Add(gateway.ToString());
        options.Containers.Enabled = false;
        (options.Connection.BackOffMin, options.Connection.BackOffMax) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200));
        configure?.Invoke(options);
        _agent = new DepinAgent(options, TimeProvider.System, NullLoggerFactory.Instance);
        _running = _agent.RunAsync(_stop.Token);
    }

    public string Node => _agent.NodeId!;

    public long Session => _agent.Session;

    public static async Task<AgentAtWork> StartAsync(Http.TestHost host, string provider, Action<AgentOptions>? configure = null)
    {
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var token = (await grains.GetGrain<IProviderGrain>(provider).CreateJoinTokenAsync(Guid.NewGuid().ToString("N"), TimeSpan.FromHours(1))).Require().Token;
        var agent = new AgentAtWork(host.Address, token, configure);
        await NodeHost.EventuallyAsync(
            async () => agent._running.IsCompleted || (agent.Session > 0 && (await grains.GetGrain<INodeGrain>(agent.Node).GetAsync()) is { IsOk: true, Value.Status: NodeStatus.Online }), "the agent is online");
        Assert.False(agent._running.IsFaulted, agent._running.Exception?.ToString());
        return agent;
    }

    /// <summary>The agent goes, as its machine does.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
