using DepinGrains.LocalRuntime.Hosting;
using DepinGrains.LocalRuntime.Reminders;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Storage;

namespace DepinGrains.Runtime.Tests.Hosting;

internal sealed class LocalRuntimeHost(IHost host) : IRuntimeHost
{
    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    public IServiceProvider Services => host.Services;

    public static async Task<IRuntimeHost> StartAsync(RuntimeSettings settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddLocalGrains(options =>
        {
            options.AddAssembly(typeof(LocalRuntimeHost).Assembly);
            options.ResponseTimeout = settings.ResponseTimeout;
            options.CollectionAge = settings.CollectionAge;
            options.CollectionQuantum = settings.CollectionQuantum;
            options.MinimumReminderPeriod = settings.MinimumReminderPeriod;
        });
        builder.Services.AddKeyedSingleton<IGrainStorage>("test", settings.Storage);
        builder.Services.AddSingleton(settings.Reminders.Store);
        settings.Services(builder.Services);
        settings.ClientServices(builder.Services);
        var host = builder.Build();
        await host.StartAsync();
        return new LocalRuntimeHost(host);
    }

    public Task StopAsync() => host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}

/// <summary>Reminders that outlive a host.</summary>
internal sealed class ReminderMemory
{
    public IReminderStore Store { get; } = new InMemoryReminderStore();
}
