using DepinGrains.Agent.Connection;
using DepinGrains.Agent.Options;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Agent;

/// <summary>Runs a <see cref="DepinAgent"/> with its host. A final refusal ends the agent, not the host.</summary>
public sealed partial class AgentService(DepinAgent agent, ILogger<AgentService> logger) : BackgroundService
{
    /// <summary>The agent.</summary>
    public DepinAgent Agent { get; } = agent;

    /// <summary>Why the agent ended by itself; null: it did not.</summary>
    public AgentRefusedException? Refusal { get; private set; }

    /// <summary>The fault of the work folder that ended the agent; null: none.</summary>
    public Exception? Broken { get; private set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Agent.RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
        catch (AgentRefusedException e)
        {
            Refusal = e;
            LogRefused(logger, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Broken = e;
            LogBroken(logger, e);
        }
    }

    [LoggerMessage(EventId = 7401, Level = LogLevel.Error, Message = "The network refuses this node for good: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);

    [LoggerMessage(EventId = 7402, Level = LogLevel.Error, Message = "The agent cannot use its work folder and has ended.")]
    private static partial void LogBroken(ILogger logger, Exception error);
}

/// <summary>Registration.</summary>
public static class AgentServiceCollectionExtensions
{
    /// <summary>Adds an agent to the host; may be called several times, each with a work folder of its own. The clock is the host's <see cref="TimeProvider"/>, else the system's.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The options cannot be; thrown when the host starts.</exception>
    public static IServiceCollection AddDepinAgent(this IServiceCollection services, AgentOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        return services.AddSingleton<IHostedService>(provider => new AgentService(
            new DepinAgent(options, provider.GetService<TimeProvider>() ?? TimeProvider.System, provider.GetRequiredService<ILoggerFactory>()),
            provider.GetRequiredService<ILogger<AgentService>>()));
    }

    /// <summary>The same with options made on the spot.</summary>
    public static IServiceCollection AddDepinAgent(this IServiceCollection services, Action<AgentOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new AgentOptions();
        configure(options);
        return services.AddDepinAgent(options);
    }
}
