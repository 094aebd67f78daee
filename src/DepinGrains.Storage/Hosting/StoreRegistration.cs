using DepinGrains.Storage.Postgres;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using DepinGrains.Storage.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Storage.Hosting;

/// <summary>Puts the store into a host.</summary>
public static class StoreRegistration
{
    /// <summary>
    /// Adds <see cref="IRowStore"/>, <see cref="Events.IEventLog"/>, <see cref="Journal.ILedgerJournal"/>, <see cref="IStoreMigrator"/> (the host calls it before it serves) and the health
    /// check <c>store</c> (tag <c>ready</c>); a hosted service drops events beyond <see cref="StoreOptions.EventRetention"/>. A registered <see cref="TimeProvider"/> stamps events; without one it is the system's.
    /// </summary>
    public static IServiceCollection AddDepinStore(this IServiceCollection services, Action<StoreOptions> configure, IEnumerable<TableDefinition> tables)
    {
        services.AddOptions<StoreOptions>().Configure(configure);
        return services.AddStore(tables);
    }

    /// <summary>As the other overload, with options from a configuration section (usually <see cref="StoreOptions.Section"/>).</summary>
    public static IServiceCollection AddDepinStore(this IServiceCollection services, IConfiguration section, IEnumerable<TableDefinition> tables)
    {
        services.AddOptions<StoreOptions>().Bind(section);
        return services.AddStore(tables);
    }

    /// <summary>Opens a store outside a host: tools, tests, benchmarks. The answer's faces end with its disposal.</summary>
    public static DepinStore Open(StoreOptions options, IEnumerable<TableDefinition> tables, TimeProvider? time = null, ILoggerFactory? logs = null) =>
        new(Create(options, tables, time ?? TimeProvider.System, logs));

    private static IServiceCollection AddStore(this IServiceCollection services, IEnumerable<TableDefinition> tables)
    {
        var definitions = tables.ToArray();
        services.AddOptions<StoreOptions>().ValidateDataAnnotations().Validate(o => o.Problem is null, "Store: a time span is out of range").ValidateOnStart();
        services.TryAddSingleton(provider => Create(
            provider.GetRequiredService<IOptions<StoreOptions>>().Value,
            definitions,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetService<ILoggerFactory>()));
        services.TryAddSingleton<IStoreMigrator>(provider => new MigratorOf(provider.GetRequiredService<IStore>()));
        services.TryAddSingleton(provider => provider.GetRequiredService<IStore>().Rows);
        services.TryAddSingleton(provider => provider.GetRequiredService<IStore>().Events);
        services.TryAddSingleton(provider => provider.GetRequiredService<IStore>().Journal);
        services.TryAddSingleton(provider => new StoreQueue(provider.GetRequiredService<IStore>()));
        services.AddHostedService(provider => new EventTrimmer(
            provider.GetRequiredService<IStore>().Events,
            provider.GetRequiredService<IOptions<StoreOptions>>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<ILogger<EventTrimmer>>()));
        services.AddHealthChecks().Add(new("store", provider => new StoreHealthCheck(provider.GetRequiredService<IStore>()), null, ["ready"]));
        return services;
    }

    private static IStore Create(StoreOptions options, IEnumerable<TableDefinition> tables, TimeProvider time, ILoggerFactory? logs)
    {
        var log = logs?.CreateLogger("DepinGrains.Storage") ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        return options.Kind switch
        {
            "sqlite" => new SqliteStore(options, tables, time, log),
            "postgres" => new PgStore(options, tables, time, log),
            _ => throw new ArgumentException($"store kind '{options.Kind}' is neither sqlite nor postgres", nameof(options)),
        };
    }

    /// <summary>The container would dispose the store twice if the migrator were the store itself.</summary>
    private sealed class MigratorOf(IStore store) : IStoreMigrator
    {
        public Task MigrateAsync(CancellationToken cancel = default) => store.MigrateAsync(cancel);

        public Task<System.Collections.Immutable.ImmutableArray<string>> PendingAsync(CancellationToken cancel = default) => store.PendingAsync(cancel);

        public Task<System.Collections.Immutable.ImmutableArray<string>> MissingAsync(CancellationToken cancel = default) => store.MissingAsync(cancel);
    }
}
