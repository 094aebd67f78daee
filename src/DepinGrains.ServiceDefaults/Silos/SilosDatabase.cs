using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;

namespace DepinGrains.ServiceDefaults.Silos;

/// <summary>The store's database as Orleans' membership and reminder providers reach it.</summary>
public static class SilosDatabase
{
    /// <summary>The name under which the providers load their driver.</summary>
    public const string Invariant = "Npgsql";

    private const int WaitSeconds = 5;
    private const int KeepAliveSeconds = 10;

    /// <summary>
    /// <c>Store:Connection</c> with a pool of its own (probing must not wait for the store's queries), short waits, and times in UTC whatever the server's zone. Throws
    /// <see cref="OptionsValidationException"/> with a sentence when it is no connection string.
    /// </summary>
    public static string Connection(IConfiguration configuration, string application, int connectionsMax)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        try
        {
            return new NpgsqlConnectionStringBuilder(configuration["Store:Connection"] ?? throw new ArgumentException("it is not set"))
            {
                MaxPoolSize = connectionsMax,
                Timezone = "UTC",
                ApplicationName = application,
                Timeout = WaitSeconds,
                CommandTimeout = WaitSeconds,
                KeepAlive = KeepAliveSeconds,
            }.ConnectionString;
        }
        catch (ArgumentException problem)
        {
            throw new OptionsValidationException("Store", typeof(string), ["Store:Connection must be a PostgreSQL connection string: " + problem.Message]);
        }
    }
}
