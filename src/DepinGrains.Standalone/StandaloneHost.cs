using System.Security.Cryptography;
using DepinGrains.Agent;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Gateway;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Ledgers;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Grains;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Oracle;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.State.Secrets;
using DepinGrains.ServiceDefaults.Health;
using DepinGrains.ServiceDefaults.Hosting;
using DepinGrains.ServiceDefaults.Telemetry;
using DepinGrains.Standalone.Hosting;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Schema;

namespace DepinGrains.Standalone;

/// <summary>Puts the whole network into one process.</summary>
internal static class StandaloneHost
{
    private const string DefaultUrl = "http://127.0.0.1:5080";

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddCommandLine(args, new Dictionary<string, string> { ["--data"] = "Standalone:Data" });
        var options = builder.Configuration.GetSection(StandaloneOptions.Section).Get<StandaloneOptions>() ?? new StandaloneOptions();
        var urls = (builder.Configuration["urls"] ?? DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        builder.Listen(urls, ManagementDefaults);
        if (options.Problem(urls) is { } problem)
        {
            throw new StandaloneRefusedException(problem);
        }

        var alone = urls.All(StandaloneOptions.IsLoopback);

        var data = StandaloneData.Open(options.Data);
        Logging(builder);
        builder.AddManagement(ManagementDefaults);
        builder.AddDepinTelemetry("standalone");
        builder.Services.AddSingleton(options);
        builder.Services.AddOptions<StandaloneOptions>().BindConfiguration(StandaloneOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton(data);
        builder.Services.AddDepinStore(
            store => (store.Kind, store.Connection) = builder.Configuration[$"{StoreOptions.Section}:Kind"] == "postgres"
                ? ("postgres", builder.Configuration[$"{StoreOptions.Section}:Connection"] ?? "")
                : ("sqlite", Path.Combine(options.Data, "depin.db")),
            MarketServices.Tables);
        builder.Services.AddMarket(builder.Configuration);
        builder.Services.AddMarketMetrics();
        builder.Services.Configure<SecretOptions>(secrets => secrets.MasterKeys.Add(data.MasterKey));
        builder.Services.Configure<IdentityOptions>(identities => identities.OperatorKeys.Add(data.Key.KeyId));
        builder.Services.Configure<OracleOptions>(static oracle =>
        {
            // A laptop has no feeders: configuration (Oracle:Seed:…) or these hold until one posts.
            oracle.Seed.TryAdd("uakt", "0.50");
            oracle.Seed.TryAdd("uusdc", "1.00");
        });
        // After the section Faucet is bound: Faucet:Enabled alone must not open a faucet that Standalone's own checks have not seen.
        builder.Services.PostConfigure<FaucetOptions>(faucet => faucet.Enabled = options.Faucet);
        builder.Services.Configure<HttpOptions>(http => http.LoopbackOnly = alone);
        // A network of one machine has its miners there too; they see by the signature that the network itself asks.
        builder.Services.Configure<ServingOptions>(serving => serving.PrivateAddresses |= alone);
        builder.Services.Configure<SubnetOptions>(subnets =>
        {
            // A laptop's faucet gives single TAO, and its subnets are for trying things out.
            subnets.AnyAddress |= alone;
            subnets.MinLock = alone && options.Faucet && builder.Configuration[$"{SubnetOptions.Section}:{nameof(SubnetOptions.MinLock)}"] is null ? 1_000_000_000 : subnets.MinLock;
            subnets.CreateRateLimit = alone && builder.Configuration[$"{SubnetOptions.Section}:{nameof(SubnetOptions.CreateRateLimit)}"] is null ? 0 : subnets.CreateRateLimit;
        });
        builder.Services.AddSingleton(new RequestSigner(data.Key, data.Identity));
        builder.Services.AddDepinGateway(builder.Configuration);
        builder.Services.AddSingleton<StandaloneNetwork>();
        builder.Services.AddHostedService<StandaloneWaker>();
        builder.Services.AddHostedService(static services => new StandaloneTrim(services.GetService<TimeProvider>() ?? TimeProvider.System));
        if (options.Agent)
        {
            StandaloneAgent.Add(builder.Services, options, alone);
        }

        return builder;
    }

    /// <summary>Any free port, printed at the start: two standalones on one machine must not clash. Nothing stands before it that would have to notice that it leaves.</summary>
    private static void ManagementDefaults(ManagementOptions management)
    {
        management.Port = 0;
        management.DrainDelay = TimeSpan.Zero;
        management.ShutdownTimeout = TimeSpan.FromSeconds(20);
    }

    /// <summary>Migrates the store, serves, and says what to do next.</summary>
    public static async Task<int> RunAsync(WebApplication app)
    {
        await app.Services.GetRequiredService<IStoreMigrator>().MigrateAsync();
        await app.StartAsync();
        var network = app.Services.GetRequiredService<StandaloneNetwork>();
        network.PrintAddresses();
        await app.WaitForShutdownAsync();
        return 0;
    }

    public static void MapStandaloneHealth(this WebApplication app)
    {
        app.MapGet("/health", static () => TypedResults.Ok(new HealthView("healthy", GrainRuntime.Name))).AllowAnonymous().WithTags("Health");
        app.MapHealthChecks("/health/ready").AllowAnonymous();
        app.MapHealthChecks("/health/live", new Microsoft.AspNetCore.Diagnostics.HealthChecks.HealthCheckOptions { Predicate = static _ => false }).AllowAnonymous();
    }

    private static void Logging(WebApplicationBuilder builder)
    {
        builder.Logging.AddSimpleConsole(static console => (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp) = (true, "HH:mm:ss ", true));
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("DepinGrains", LogLevel.Warning);

        // Advice for servers, at every start: a laptop runs neither a server's collector nor its watchdogs.
        foreach (var advice in (string[])["Orleans.Runtime.Silo", "Orleans.Runtime.Watchdog"])
        {
            builder.Logging.AddFilter(advice, LogLevel.Error);
        }

        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}

/// <summary>Options that do not go together; the process ends with 64.</summary>
internal sealed class StandaloneRefusedException(string message) : Exception(message);

/// <summary>Keys in the data folder.</summary>
internal sealed class StandaloneData : IDisposable
{
    public StandaloneData(string folder)
    {
        Directory.CreateDirectory(folder);
        Key = SigningKey.LoadOrCreate(Path.Combine(folder, "identity.pem"));
        MasterKey = LoadOrCreateMaster(Path.Combine(folder, "secrets.key"));
    }

    /// <summary>Opens the folder, made when absent; refuses with a sentence when it cannot be used.</summary>
    public static StandaloneData Open(string folder)
    {
        try
        {
            return new StandaloneData(folder);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            throw new StandaloneRefusedException($"the data folder '{folder}' cannot be used: {problem.Message} Name another with --data.");
        }
    }

    /// <summary>The network's own identity: operator, and provider of this machine.</summary>
    public SigningKey Key { get; }

    public string Identity => Contracts.Identities.IdentityIds.ForFirstKey(Key.KeyId, "");

    /// <summary>Seals secrets at rest; base64 of 32 bytes.</summary>
    public string MasterKey { get; }

    public void Dispose() => Key.Dispose();

    private static string LoadOrCreateMaster(string path)
    {
        if (!File.Exists(path))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var file = new FileStream(path, options);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))));
            file.Flush(flushToDisk: true);
        }

        return File.ReadAllText(path).Trim();
    }
}
