using DepinGrains.Agent;
using DepinGrains.Agent.Options;

namespace DepinGrains.Standalone;

/// <summary>The agent that sells this machine.</summary>
internal static class StandaloneAgent
{
    public static void Add(IServiceCollection services, StandaloneOptions options)
    {
        services.AddSingleton<IHostedService>(provider =>
        {
            var network = provider.GetRequiredService<StandaloneNetwork>();
            var agent = new AgentOptions
            {
                WorkDirectory = Path.Combine(Path.GetFullPath(options.Data), "agent"),
                StopWorkloadsOnExit = true,
                GatewaySource = async cancel => await network.AddressesAsync(cancel),
                JoinTokenSource = async cancel => await network.JoinTokenAsync(cancel),
            };
            agent.Native.Enabled = options.NativeWorkloads;
            return new AgentService(
                new DepinAgent(agent, TimeProvider.System, provider.GetRequiredService<ILoggerFactory>()),
                provider.GetRequiredService<ILogger<AgentService>>());
        });
    }
}
