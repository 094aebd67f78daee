using DepinGrains.Contracts.Network;
using DepinGrains.Storage.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Grains.Network.Hosts;

/// <summary>One role of this process, as its host registers it.</summary>
/// <param name="Address">Asked once everything has started: ports may be known only then.</param>
/// <param name="Agents">Agents connected now.</param>
public sealed record HostFacts(HostRole Role, string Name, string Version, Func<string> Address, Func<int> Agents);

/// <summary>Tells the network every few seconds what this process is and how it is.</summary>
public sealed partial class HostReporter(
    IGrainFactory grains, IEnumerable<HostFacts> roles, StoreQueue queue, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<HostReporter> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private readonly HostFacts[] _roles = [.. roles];
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await lifetime.StartedAsync(stoppingToken);
        using var timer = new PeriodicTimer(Every, time);
        var (since, used) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
        do
        {
            var (now, total) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var all = time.GetElapsedTime(since, now) * Environment.ProcessorCount;
            var percent = all > TimeSpan.Zero ? (int)Math.Clamp(100 * ((total - used) / all), 0, 100) : 0;
            (since, used) = (now, total);
            await ReportAsync(percent);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ReportAsync(int percent)
    {
        foreach (var role in _roles)
        {
            try
            {
                await grains.GetGrain<IHostsGrain>(0).ReportAsync(new HostReport(
                    role.Role, role.Name, role.Address(), role.Version, _startedAt, percent, Environment.WorkingSet, role.Role == HostRole.Silo ? queue.Waiting : 0, role.Agents()));
            }
            catch (Exception problem)
            {
                LogNotReported(problem.Message);
            }
        }
    }

    [LoggerMessage(4330, LogLevel.Warning, "This process could not say how it is and says it again: {Problem}")]
    private partial void LogNotReported(string problem);
}

/// <summary>Registers what a process tells of itself.</summary>
public static class HostReports
{
    /// <summary>One role of this process; a process with two registers both.</summary>
    public static IServiceCollection AddHostReports(this IServiceCollection services, Func<IServiceProvider, HostFacts> role)
    {
        services.AddSingleton(role);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HostReporter>());
        return services;
    }
}
