#if ORLEANS_RUNTIME
using System.Globalization;
using System.Text;
using DepinGrains.Benchmarks.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.Benchmarks.ChangeSets;

/// <summary>Orleans' ADO.NET grain storage on PostgreSQL, called as grains call it. Its package brings no schema; the script here is ours: one guarded upsert per write, autocommitted.</summary>
internal sealed class OrleansStorage : IAsyncDisposable
{
    private const string Script = """
        CREATE TABLE orleansquery(querykey varchar(64) PRIMARY KEY, querytext text NOT NULL);
        CREATE TABLE orleansstorage(grainidhash int NOT NULL, grainidn0 bigint NOT NULL, grainidn1 bigint NOT NULL, graintypehash int NOT NULL, graintypestring varchar(512) NOT NULL,
            grainidextensionstring varchar(512), serviceid varchar(150) NOT NULL, payloadbinary bytea, modifiedon timestamp NOT NULL, version int NOT NULL);
        CREATE UNIQUE INDEX ux_orleansstorage ON orleansstorage(grainidhash, graintypehash, grainidn0, grainidn1, graintypestring, coalesce(grainidextensionstring, ''), serviceid);
        """;

    private const string Where = """
        grainidhash=@GrainIdHash AND graintypehash=@GrainTypeHash AND grainidn0=@GrainIdN0 AND grainidn1=@GrainIdN1 AND graintypestring=@GrainTypeString
        AND coalesce(grainidextensionstring, '')=coalesce(@GrainIdExtensionString::text, '') AND serviceid=@ServiceId
        """;

    private const string Read = "SELECT payloadbinary AS PayloadBinary, now() AT TIME ZONE 'utc', version AS Version FROM orleansstorage WHERE " + Where;

    private const string Clear = "UPDATE orleansstorage SET payloadbinary=NULL, version=version+1 WHERE " + Where + " AND version=@GrainStateVersion RETURNING version AS NewGrainStateVersion";

    private const string Write = "WITH u AS (UPDATE orleansstorage SET payloadbinary=@PayloadBinary, modifiedon=now(), version=version+1 WHERE @GrainStateVersion::int IS NOT NULL AND "
        + Where + " AND version=@GrainStateVersion::int RETURNING version), i AS (INSERT INTO orleansstorage SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, "
        + "@GrainIdExtensionString, @ServiceId, @PayloadBinary, now(), 1 WHERE @GrainStateVersion::int IS NULL ON CONFLICT DO NOTHING RETURNING version) "
        + "SELECT version AS NewGrainStateVersion FROM u UNION ALL SELECT version FROM i";

    private readonly IHost _host;
    private readonly IGrainStorage _storage;
    private GrainState<StoredText>[,] _states = new GrainState<StoredText>[0, 0];

    private OrleansStorage(IHost host, IGrainStorage storage) => (_host, _storage) = (host, storage);

    /// <summary>Null (and a sentence) when the provider does not run here.</summary>
    public static async Task<OrleansStorage?> TryStartAsync(string connection)
    {
        try
        {
            await using (var setup = new NpgsqlConnection(connection))
            {
                await setup.OpenAsync();
                await using var script = new NpgsqlCommand(Script, setup);
                await script.ExecuteNonQueryAsync();
                foreach (var (key, text) in ((string, string)[])[("ReadFromStorageKey", Read), ("WriteToStorageKey", Write), ("ClearStorageKey", Clear)])
                {
                    await using var insert = new NpgsqlCommand("INSERT INTO orleansquery VALUES($1, $2)", setup) { Parameters = { new() { Value = key }, new() { Value = text } } };
                    await insert.ExecuteNonQueryAsync();
                }
            }

            var builder = Host.CreateApplicationBuilder();
            builder.Logging.SetMinimumLevel(LogLevel.Error);
            builder.UseOrleans(silo =>
            {
                silo.UseLocalhostClustering(Testing.Ports.Free(), Testing.Ports.Free());
                silo.AddAdoNetGrainStorage("bench", options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection + ";Maximum Pool Size=64;Max Auto Prepare=20;Auto Prepare Min Usages=2"));
            });
            var host = builder.Build();
            await host.StartAsync();
            var storage = new OrleansStorage(host, host.Services.GetRequiredKeyedService<IGrainStorage>("bench"));
            await storage.SeedAsync(1, 1);
            await storage.WriteAsync(0, 0);
            return storage;
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            Bench.Say($"Orleans' ADO.NET provider does not run here: {problem.GetBaseException().Message}");
            return null;
        }
    }

    public async Task SeedAsync(int callers, int each)
    {
        _states = new GrainState<StoredText>[callers, each];
        await Parallel.ForAsync(0, callers, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (caller, _) =>
        {
            for (var row = 0; row < each; row++)
            {
                _states[caller, row] = new GrainState<StoredText>(new StoredText());
                await _storage.ReadStateAsync("bench", Id(caller, row), _states[caller, row]);
                _states[caller, row].State = new StoredText { Text = new string('x', 270) };
                await WriteAsync(caller, row);
            }
        });
    }

    public async Task<int> WriteAsync(int caller, int row)
    {
        await _storage.WriteStateAsync("bench", Id(caller, row), _states[caller, row]);
        return 1;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static GrainId Id(int caller, int row) => GrainId.Create("bench", string.Create(CultureInfo.InvariantCulture, $"g-{caller:D4}-{row:D4}"));
}

/// <summary>What is stored.</summary>
[GenerateSerializer]
internal sealed class StoredText
{
    [Id(0)]
    public string Text { get; set; } = "";
}
#else
using DepinGrains.Benchmarks.Harness;

namespace DepinGrains.Benchmarks.ChangeSets;

/// <summary>Orleans' provider is not there on the Local runtime.</summary>
internal sealed class OrleansStorage : IAsyncDisposable
{
    public static Task<OrleansStorage?> TryStartAsync(string connection)
    {
        _ = connection;
        Bench.Say("Orleans' ADO.NET provider runs on the Orleans build only: left out");
        return Task.FromResult<OrleansStorage?>(null);
    }

    public Task SeedAsync(int callers, int each) => throw new NotSupportedException($"{GetType()} {callers} {each}");

    public Task<int> WriteAsync(int caller, int row) => throw new NotSupportedException($"{GetType()} {caller} {row}");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
#endif
