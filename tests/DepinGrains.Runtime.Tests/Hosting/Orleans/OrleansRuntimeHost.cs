using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Storage;
using Orleans.TestingHost;

namespace DepinGrains.Runtime.Tests.Hosting;

internal sealed class OrleansRuntimeHost(InProcessTestCluster cluster) : IRuntimeHost
{
    private bool _stopped;

    public IGrainFactory Grains => cluster.Client;

    public IServiceProvider Services => cluster.GetSiloServiceProvider();

    public static async Task<IRuntimeHost> StartAsync(RuntimeSettings settings)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddKeyedSingleton<IGrainStorage>("test", settings.Storage);
            silo.Services.AddReminders();
            silo.Services.AddSingleton(settings.Reminders.Table);
            silo.Services.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = settings.ResponseTimeout);
            silo.Services.Configure<GrainCollectionOptions>(o =>
            {
                o.CollectionAge = settings.CollectionAge;
                o.CollectionQuantum = settings.CollectionQuantum;
            });
            silo.Services.Configure<ReminderOptions>(o => o.MinimumReminderPeriod = settings.MinimumReminderPeriod);
            settings.Services(silo.Services);
        });
        builder.ConfigureClient(client =>
        {
            client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = settings.ResponseTimeout);
            settings.ClientServices(client.Services);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new OrleansRuntimeHost(cluster);
    }

    public async Task StopAsync()
    {
        _stopped = true;
        await cluster.StopAllSilosAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync();
        }

        await cluster.DisposeAsync();
    }
}
