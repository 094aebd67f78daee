using DepinGrains.Agent;
using DepinGrains.Agent.Options;

namespace DepinGrains.Standalone;

/// <summary>The agent that sells this machine.</summary>
internal static class StandaloneAgent
{
    /// <summary>Configuration section of <see cref="AgentOptions"/>, e.g. <c>--Agent:Resources:PortMin 20000</c>: two standalones on one machine need ports of their own.</summary>
    private const string Section = "Agent";

    public static void Add(IServiceCollection services, StandaloneOptions options, bool alone)
    {
        services.AddSingleton<IHostedService>(provider =>
        {
            var network = provider.GetRequiredService<StandaloneNetwork>();
            var agent = new AgentOptions();
            if (alone)
            {
                // Nothing of it is reachable from elsewhere, so neither is what it runs, unless its owner says so.
                agent.Containers.PublishAddress = "127.0.0.1";
            }

            provider.GetRequiredService<IConfiguration>().GetSection(Section).Bind(agent);
            agent.WorkDirectory = Path.Combine(Path.GetFullPath(options.Data), "agent");
            agent.StopWorkloadsOnExit = true;
            agent.GatewaySource = async cancel => await network.AddressesAsync(cancel);
            agent.JoinTokenSource = async cancel => await network.JoinTokenAsync(cancel);
            agent.Native.Enabled = options.NativeWorkloads;
            return new AgentService(
                new DepinAgent(agent, TimeProvider.System, provider.GetRequiredService<ILoggerFactory>()),
                provider.GetRequiredService<ILogger<AgentService>>());
        });
    }
}
