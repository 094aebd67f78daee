using System.Globalization;
using System.Security.Cryptography;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Benchmarks.Http;
using DepinGrains.Grains.Hosting;
using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;

namespace DepinGrains.Benchmarks.Silos;

/// <summary>Some silos and one gateway of this build as processes on a database of their own, and a client in this process.</summary>
internal sealed class SiloGroup : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private readonly List<(int Port, Child Process)> _silos = [];
    private readonly Dictionary<string, string> _common;
    private Child? _gateway;
    private IHost? _client;

    private SiloGroup(string database) => _common = new()
    {
        ["Store__Connection"] = database,
        ["Secrets__MasterKeys__0"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        ["Faucet__Enabled"] = "true",
        ["Http__AddressRequestsPerSecond"] = "0",
        ["Http__CallerRequestsPerSecond"] = "0",
        ["Logging__LogLevel__Default"] = "Warning",
    };

    public IReadOnlyList<(int Port, Child Process)> Silos => _silos;

    /// <summary>Address of the gateway's API.</summary>
    public Uri Address { get; private set; } = null!;

    public IGrainFactory Grains => _client!.Services.GetRequiredService<IGrainFactory>();

    public static async Task<SiloGroup> StartAsync(PostgresCluster cluster, int count)
    {
        var group = new SiloGroup(await cluster.NewDatabaseAsync());
        try
        {
            for (var i = 0; i < count; i++)
            {
                await group.AddSiloAsync();
            }

            await group.AddGatewayAsync();
            await group.AddClientAsync();
            return group;
        }
        catch
        {
            await group.DisposeAsync();
            throw;
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(int port)
    {
        var silo = _silos.Single(s => s.Port == port);
        _silos.Remove(silo);
        await silo.Process.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }

        foreach (var process in _silos.Select(static s => s.Process).Prepend(_gateway).OfType<Child>())
        {
            await process.DisposeAsync();
        }
    }

    private static string FreePort() => Ports.Free().ToString(CultureInfo.InvariantCulture);

    private async Task AddSiloAsync()
    {
        var port = FreePort();
        var settings = new Dictionary<string, string>(_common) { ["Silo__Port"] = port, ["Silo__GatewayPort"] = FreePort(), ["Silo__ShedAboveCpuPercent"] = "100", ["Store__Kind"] = "postgres" };
        _silos.Add((int.Parse(port, CultureInfo.InvariantCulture), await StartAsync("src/DepinGrains.Silo", settings)));
    }

    private async Task AddGatewayAsync()
    {
        Address = new Uri("http://127.0.0.1:" + FreePort());
        _gateway = await StartAsync("src/DepinGrains.Gateway", new Dictionary<string, string>(_common) { ["ASPNETCORE_URLS"] = Address.ToString() });
    }

    private static async Task<Child> StartAsync(string project, Dictionary<string, string> settings)
    {
        var management = FreePort();
        settings["Management__Port"] = management;
        var child = Child.Start(Programs.Of(project), [], settings);
        child.Drain();
        await Ready.WaitAsync(new Uri($"http://127.0.0.1:{management}/health/ready"), StartLimit);
        return child;
    }

    private async Task AddClientAsync()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Store:Connection"] = _common["Store__Connection"] });
        builder.Logging.ClearProviders();
        var silos = new SilosOptions();
        builder.UseOrleansClient(client =>
        {
            client.UseAdoNetClustering(table => (table.Invariant, table.ConnectionString) = (SilosDatabase.Invariant, SilosDatabase.Connection(builder.Configuration, "depin-bench", 2)));
            client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (silos.Id, silos.ServiceId));
            client.Configure<Orleans.Configuration.GatewayOptions>(list => list.GatewayListRefreshPeriod = silos.GatewayListEvery);
            client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = silos.CallTimeout);
            client.Services.AddGrainInterfaceNames();
        });
        _client = builder.Build();
        await _client.StartAsync();
        NpgsqlConnection.ClearAllPools();
    }
}
