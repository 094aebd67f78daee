using System.Text.Json;
using DepinGrains.Agent.Hosting;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace DepinGrains.Agent;

/// <summary>The commands of the agent's own process.</summary>
internal static class AgentCommands
{
    private static readonly JsonSerializerOptions Indented = new(AgentProtocolJson.Options) { WriteIndented = true };

    /// <summary>Runs one and returns the process's exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return (args.Length > 0 ? args[0] : "help") switch
            {
                "run" => await ServeAsync(AgentCommandLine.Parse(args[1..])),
                "detect" => await DetectAsync(AgentCommandLine.Parse(args[1..])),
                "help" or "--help" or "-h" => Help(0),
                _ => Help(64),
            };
        }
        catch (Exception e) when (e is OptionsValidationException or FormatException or InvalidOperationException or FileNotFoundException)
        {
            await Console.Error.WriteLineAsync("depin-agent: " + e.Message);
            return 78;
        }
    }

    private static async Task<int> ServeAsync(AgentOptions options)
    {
        AgentOptionsValidator.ThrowIfInvalid(options);
        using var host = AgentHost.Build(options);
        var service = host.Services.GetServices<IHostedService>().OfType<AgentService>().Single();
        try
        {
            await host.StartAsync();
        }
        catch (IOException taken) when (options.Management.Port != 0)
        {
            throw new InvalidOperationException($"the port for metrics cannot be had: {taken.Message}", taken);
        }

        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        // The agent may end by itself: refused for good, or no work folder.
        _ = service.ExecuteTask!.ContinueWith(_ => lifetime.StopApplication(), TaskScheduler.Default);
        await host.WaitForShutdownAsync();
        return service.Refusal is not null ? 77 : service.Broken is not null ? 74 : service.ExecuteTask.IsFaulted ? 70 : 0;
    }

    private static async Task<int> DetectAsync(AgentOptions options)
    {
        var hardware = await DepinAgent.DetectAsync(options, TimeProvider.System, CancellationToken.None);
        Console.WriteLine(JsonSerializer.Serialize(hardware, Indented));
        return 0;
    }

    private static int Help(int code)
    {
        (code == 0 ? Console.Out : Console.Error).WriteLine(AgentCommandLine.Help);
        return code;
    }
}
