using System.Net;
using System.Net.Sockets;
using DepinGrains.Grains;
using DepinGrains.Storage.Schema;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
#if !LOCAL_RUNTIME
using Orleans.Hosting;
#endif

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>What the hosts of these tests share: a real Kestrel at a loopback port over real grains of either runtime, a folder of its own, no limits of rate.</summary>
public abstract class TestHost : IAsyncLifetime
{
    private WebApplication _app = null!;

    public Uri Address { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    /// <summary>The SQLite file of a host that has one.</summary>
    protected string Database => Path.Combine(Folder, "test.db");

    /// <summary>Deleted in the end.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("depin-gateway-tests-").FullName;

    /// <summary>Settings beside the common ones, or instead of them.</summary>
    protected virtual Dictionary<string, string?> Settings => [];

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Http:Network"] = "depin-test",
            ["Http:CallerRequestsPerSecond"] = "0",
            ["Http:AddressRequestsPerSecond"] = "0",
            ["Secrets:MasterKeys:0"] = Convert.ToBase64String(new byte[32]),
        });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        AddGrains(builder);
        Add(builder);
        _app = builder.Build();
        await _app.Services.GetRequiredService<IStoreMigrator>().MigrateAsync();
        Map(_app);
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        Client = NewClient();
        await BegunAsync();
    }

    public HttpClient NewClient() => new(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>Begins to stop the host, as Ctrl-C does.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>A new process over the same folder, as far as the host can tell.</summary>
    public async Task RestartAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Ended();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The host's services, its store among them.</summary>
    protected abstract void Add(WebApplicationBuilder builder);

    /// <summary>The host's endpoints.</summary>
    protected abstract void Map(WebApplication app);

    protected virtual Task BegunAsync() => Task.CompletedTask;

    protected virtual void Ended()
    {
    }

    private static void AddGrains(WebApplicationBuilder builder)
    {
#if LOCAL_RUNTIME
        DepinGrains.LocalRuntime.Hosting.LocalGrainServiceCollectionExtensions.AddLocalGrains(builder.Services, static options => options.AddAssembly(typeof(MarketServices).Assembly));
#else
        builder.UseOrleans(static silo =>
        {
            silo.UseLocalhostClustering(FreePort(), FreePort(), null, "t" + Guid.NewGuid().ToString("N"));
            silo.UseInMemoryReminderService();
        });
#endif
    }

#if !LOCAL_RUNTIME
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
#endif
}
