using System.Security.Cryptography;
using DepinGrains.Storage.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Ledgers;

/// <summary>Makes the 16 random bytes by which an activation knows its own batches after an unknown commit. Replaced in simulation.</summary>
public interface ILedgerWriterIds
{
    /// <summary>Fresh bytes, never seen before.</summary>
    byte[] Next();
}

/// <summary>Writer ids from the system's random numbers.</summary>
public sealed class RandomLedgerWriterIds : ILedgerWriterIds
{
    /// <inheritdoc/>
    public byte[] Next() => RandomNumberGenerator.GetBytes(16);
}

/// <summary>All that a ledger needs from its process.</summary>
public sealed record LedgerServices(
    ILedgerJournal Journal,
    IOptions<LedgerOptions> LedgerOptions,
    TokenCatalog Tokens,
    LedgerMetrics Metrics,
    TimeProvider Clock,
    TimeProvider Timers,
    ILedgerWriterIds WriterIds,
    ILogger<LedgerGrain> Log)
{
    /// <summary>Bounds.</summary>
    public LedgerOptions Options => LedgerOptions.Value;
}

/// <summary>Registration.</summary>
public static class LedgerServiceCollectionExtensions
{
    /// <summary>Key of the clock that tests and simulation may move; the system's when nothing is registered under it.</summary>
    public const string ClockKey = Network.NetworkClock.TimeKey;

    /// <summary>Adds the ledgers. The host registers an <see cref="ILedgerJournal"/>, and may register a keyed <see cref="TimeProvider"/> (<see cref="ClockKey"/>).</summary>
    public static IServiceCollection AddLedgers(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddOptions<LedgerOptions>().BindConfiguration(LedgerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<TokenListOptions>().BindConfiguration(TokenListOptions.Section)
            .Validate(static list => TokenCatalog.Problem(list) is null, "Tokens: a token's denomination, symbol or decimals cannot be, or two tokens share a name").ValidateOnStart();
        services.AddSingleton<TokenCatalog>();
        services.AddOptions<IssuanceOptions>().BindConfiguration(IssuanceOptions.Section).Validate(static o => o.Problem() is null, $"{IssuanceOptions.Section}:DayMax holds minor units, none below 0").ValidateOnStart();
        services.AddOptions<Oracle.OracleOptions>().BindConfiguration(Oracle.OracleOptions.Section).Validate(static o => o.Problem() is null, $"{Oracle.OracleOptions.Section}:Seed holds US dollars as decimal text").ValidateOnStart();
        services.TryAddSingleton<Oracle.PriceReader>();
        services.AddSingleton<LedgerMetrics>();
        services.AddSingleton<ILedgerWriterIds, RandomLedgerWriterIds>();
        services.AddSingleton(static provider => new LedgerServices(
            provider.GetRequiredService<ILedgerJournal>(),
            provider.GetRequiredService<IOptions<LedgerOptions>>(),
            provider.GetRequiredService<TokenCatalog>(),
            provider.GetRequiredService<LedgerMetrics>(),
            provider.GetKeyedService<TimeProvider>(ClockKey) ?? TimeProvider.System,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<ILedgerWriterIds>(),
            provider.GetRequiredService<ILogger<LedgerGrain>>()));
        return services;
    }
}
