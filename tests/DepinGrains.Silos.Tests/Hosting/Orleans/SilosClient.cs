using System.Net;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Grains.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.Silos.Tests.Processes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace DepinGrains.Silos.Tests.Hosting;

/// <summary>A client of the silos in the test's own process, as a gateway is one: for what no API shows or does, where a grain lives and holds in a ledger.</summary>
internal sealed class SilosClient : IAsyncDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);
    private readonly IHost _host;

    private SilosClient(IHost host) => _host = host;

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<SilosClient> StartAsync(SiloNetwork network)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Store:Connection"] = network.Database });
        builder.Logging.ClearProviders();
        var silos = new SilosOptions();
        builder.UseOrleansClient(client =>
        {
            client.UseAdoNetClustering(table => (table.Invariant, table.ConnectionString) = (SilosDatabase.Invariant, SilosDatabase.Connection(builder.Configuration, "depin-test", 2)));
            client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (silos.Id, silos.ServiceId));
            client.Configure<GatewayOptions>(list => list.GatewayListRefreshPeriod = silos.GatewayListEvery);
            client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = silos.CallTimeout);
            client.Services.AddGrainInterfaceNames().AddGrainFaults();
        });
        var host = builder.Build();
        await host.StartAsync();
        return new SilosClient(host);
    }

    /// <summary>The ledger of a token; whoever calls it may get an exception, which means unknown.</summary>
    public ILedgerGrain Ledger(string token) => Grains.GetGrain<ILedgerGrain>(token);

    /// <summary>Where a token's ledger answers now: the address of its silo. It is asked something first, so that an entry of a silo that is gone does not count.</summary>
    public async Task<IPEndPoint> HomeOfLedgerAsync(string token)
    {
        IPEndPoint? home = null;
        await Eventually.TrueAsync(
            $"the ledger of {token} answers and has a place",
            async () =>
            {
                try
                {
                    await Ledger(token).GetBalanceAsync(LedgerAccounts.Issuance);
                    home = (await Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(Ledger(token)))?.Endpoint;
                }
                catch (Exception unknown) when (unknown is not OutOfMemoryException)
                {
                    // A silo on the way is gone, or the ledger is between two of them.
                }

                return home is not null;
            },
            (int)AnswerLimit.TotalSeconds);
        return home!;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
