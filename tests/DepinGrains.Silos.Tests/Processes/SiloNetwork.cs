using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using DepinGrains.Testing;
using Npgsql;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>Silos, gateways and a PostgreSQL of their own, all real. Silos live in network namespaces where the machine lets them.</summary>
internal sealed class SiloNetwork : IAsyncDisposable
{
    /// <summary>In a setting: the address at which the process reaches this one.</summary>
    public const string Here = "{here}";

    /// <summary>Sections whose settings gateways get too.</summary>
    private static readonly string[] Everybodys = ["Telemetry__", "Network__", "Silos__", "Management__", "Gateway__"];

    private const string SiloProject = "DepinGrains.Silo";
    private const string GatewayProject = "DepinGrains.Gateway";
    private readonly string _logs = Directory.CreateTempSubdirectory("depin-silos-").FullName;
    private readonly PostgresCluster _postgres;
    private readonly string _master = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly List<DatabaseProxy> _proxies = [];
    private readonly List<HostProcess> _replaced = [];
    private readonly Dictionary<IPEndPoint, HostProcess> _places = [];
    private readonly NewBuild _newBuild = new();
    private readonly IReadOnlyDictionary<string, string> _settings;

    private SiloNetwork(PostgresCluster postgres, PartedNet? net, IReadOnlyDictionary<string, string> settings) => (_postgres, Net, _settings) = (postgres, net, settings);

    public ImmutableArray<HostProcess> Silos { get; private set; } = [];

    public ImmutableArray<HostProcess> Gateways { get; private set; } = [];

    /// <summary>Those that were replaced too.</summary>
    public IEnumerable<HostProcess> Everybody => [.. _replaced, .. Silos, .. Gateways];

    /// <summary>Addresses of the API, in the order of <see cref="Gateways"/>.</summary>
    public ImmutableArray<Uri> Addresses { get; private set; } = [];

    public IReadOnlyList<DatabaseProxy> Proxies => _proxies;

    /// <summary>Null where the machine lets nobody make network namespaces.</summary>
    public PartedNet? Net { get; }

    public PostgresCluster Postgres => _postgres;

    public string Database { get; private set; } = "";

    /// <param name="settings">Of every silo, beside the usual ones; those of sections that both have of every gateway too. <see cref="Here"/> in one stands for this side's address.</param>
    public static async Task<SiloNetwork> StartAsync(int silos, int gateways, IReadOnlyDictionary<string, string>? settings = null)
    {
        var net = await PartedNet.TryCreateAsync(silos);
        // Silos reach it through the proxies, which stand on this side of the bridge.
        var network = new SiloNetwork(await PostgresCluster.StartAsync(), net, settings ?? new Dictionary<string, string>());
        try
        {
            network.Database = await network._postgres.NewDatabaseAsync();
            network.Make(silos, gateways);

            // The first migrates; the others would only wait for it.
            network.Silos[0].Start();
            await network.Silos[0].HealthyAsync();
            foreach (var process in network.Silos.Skip(1).Concat(network.Gateways))
            {
                process.Start();
            }

            foreach (var process in network.Silos.Concat(network.Gateways))
            {
                await process.HealthyAsync();
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>The silo that other silos reach at an address.</summary>
    public HostProcess SiloAt(IPEndPoint place) => _places.GetValueOrDefault(place) ?? throw new InvalidOperationException($"no silo of this test is at {place}");

    /// <summary>Rows of a question to the database, past every pool.</summary>
    public async Task<long> CountAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Database + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Gateways.Concat(Silos).Concat(_replaced))
        {
            await process.DisposeAsync();
        }

        _newBuild.Dispose();

        foreach (var proxy in _proxies)
        {
            proxy.Dispose();
        }

        await _postgres.DisposeAsync();
        if (Net is not null)
        {
            await Net.DisposeAsync();
        }

        if (Environment.GetEnvironmentVariable("DEPIN_SILOS_KEEP_LOGS") is null)
        {
            Directory.Delete(_logs, recursive: true);
        }
    }

    /// <summary>Whether the membership table counts a silo as one that works (3 = active).</summary>
    public async Task<bool> ActiveAsync(HostProcess silo) => await CountAsync($"SELECT count(*) FROM silo_members WHERE name = '{silo.Name}' AND status = 3") > 0;

    /// <summary>A silo of the new build joins, then the old one is told to go: as a Deployment with maxSurge 1 does it.</summary>
    public async Task UpgradeSiloAsync(int index)
    {
        var old = Silos[index];
        var upgraded = Silo(index, _newBuild.Dll(SiloProject), "-new");
        _replaced.Add(old);
        Silos = Silos.SetItem(index, upgraded);
        upgraded.Start();
        await upgraded.HealthyAsync();
        await old.StopAsync();
        SaysItIsNew(upgraded, SiloProject);
    }

    /// <summary>A gateway is told to go and one of the new build takes its address; clients and agents have the other one meanwhile.</summary>
    public async Task UpgradeGatewayAsync(int index)
    {
        var old = Gateways[index];
        var (upgraded, _) = Gateway(index, _newBuild.Dll(GatewayProject), Addresses[index].Port, "-new");
        _replaced.Add(old);
        Gateways = Gateways.SetItem(index, upgraded);
        await old.StopAsync();
        upgraded.Start();
        await upgraded.HealthyAsync();
        SaysItIsNew(upgraded, GatewayProject);
    }

    private static void SaysItIsNew(HostProcess process, string project) =>
        Assert.Contains("version   " + NewBuild.Another(NewBuild.VersionOf(HostProcess.Dll(project))), process.LogEnd(int.MaxValue), StringComparison.Ordinal);

    private void Make(int silos, int gateways)
    {
        Silos = [.. Enumerable.Range(0, silos).Select(i => Silo(i, HostProcess.Dll(SiloProject)))];
        var made = Enumerable.Range(0, gateways).Select(i => Gateway(i, HostProcess.Dll(GatewayProject), Ports.Free())).ToArray();
        (Gateways, Addresses) = ([.. made.Select(static g => g.Process)], [.. made.Select(static g => g.Address)]);
    }

    private HostProcess Silo(int index, string dll, string suffix = "")
    {
        var proxy = new DatabaseProxy(Net is null ? IPAddress.Loopback : IPAddress.Parse(Net.Gateway), _postgres.Port);
        _proxies.Add(proxy);
        var address = Net?.Address(index) ?? "127.0.0.1";
        var management = Ports.Free();
        var settings = Common(management, address);
        settings["Store__Connection"] = new NpgsqlConnectionStringBuilder(Database) { Host = Net?.Gateway ?? "127.0.0.1", Port = proxy.Port }.ConnectionString;
        settings["Silo__Name"] = $"silo-{index}{suffix}";
        settings["Silo__Address"] = address;
        var port = Ports.Free();
        settings["Silo__Port"] = Text(port);
        settings["Silo__GatewayPort"] = Text(Ports.Free());
        settings["Secrets__MasterKeys__0"] = _master;
        settings["Network__BlockTime"] = "00:00:01";
        foreach (var (name, value) in _settings)
        {
            settings[name] = value.Replace(Here, Net?.Gateway ?? "127.0.0.1", StringComparison.Ordinal);
        }

        var silo = new HostProcess(dll, $"silo-{index}{suffix}", _logs, Net?.Namespace(index), address, management, settings);
        _places[new IPEndPoint(IPAddress.Parse(address), port)] = silo;
        return silo;
    }

    private (HostProcess Process, Uri Address) Gateway(int index, string dll, int port, string suffix = "")
    {
        var management = Ports.Free();
        var address = new Uri($"http://127.0.0.1:{port}");
        var settings = Common(management, "127.0.0.1");
        settings["Store__Connection"] = Database;
        settings["ASPNETCORE_URLS"] = address.ToString();
        settings["Faucet__Enabled"] = "true";
        settings["Network__BlockTime"] = "00:00:01";
        foreach (var (name, value) in _settings.Where(static s => Everybodys.Any(section => s.Key.StartsWith(section, StringComparison.Ordinal))))
        {
            settings[name] = value.Replace(Here, "127.0.0.1", StringComparison.Ordinal);
        }

        return (new HostProcess(dll, $"gateway-{index}{suffix}", _logs, null, "127.0.0.1", management, settings), address);
    }

    private static Dictionary<string, string> Common(int management, string address) => new()
    {
        ["Management__Address"] = address,
        ["Management__Port"] = Text(management),
        ["Management__DrainDelay"] = "00:00:01",
        ["Logging__LogLevel__Default"] = "Warning",
        ["Oracle__Seed__uakt"] = "0.50",
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
