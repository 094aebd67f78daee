using System.Diagnostics;
using Npgsql;

#if !WITHOUT_XUNIT
[assembly: Xunit.AssemblyFixture(typeof(DepinGrains.Testing.PostgresClusterLifetime))]
#endif

namespace DepinGrains.Testing;

/// <summary>
/// A private PostgreSQL cluster in a temporary folder on a free port: initdb as user postgres, fsync on. Link this file and its ports with
/// <c>&lt;Compile Include="../Shared/PostgresCluster.cs;../Shared/Ports.cs" LinkBase="Shared" /&gt;</c>; it needs the package Npgsql.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    /// <summary>What a test says when the binaries are absent: <c>Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason)</c>.</summary>
    public const string SkipReason = "skipped: needs PostgreSQL";

    private static readonly string? Binaries = FindBinaries();
    private static readonly Lazy<Task<PostgresCluster>> Lazily = new(() => StartAsync());
    private static int _databases;
    private readonly string _folder;
    private readonly string _settings;

    private PostgresCluster(string folder, int port, string settings)
    {
        _folder = folder;
        Port = port;
        _settings = settings;
    }

    /// <summary>True when initdb and postgres are installed.</summary>
    public static bool IsAvailable => Binaries is not null;

    /// <summary>Port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Where everything of it is kept; deleted with it.</summary>
    public string Folder => _folder;

    /// <summary>Connection string of the maintenance database.</summary>
    public string AdminConnection => ConnectionTo("postgres");

    /// <summary>The cluster all tests of this process share; stopped and deleted after the last test. Tests that break the server start their own.</summary>
    public static Task<PostgresCluster> SharedAsync() => Lazily.Value;

    /// <summary>A cluster of one's own. <paramref name="settings"/>: more <c>-c name=value</c> options.</summary>
    public static async Task<PostgresCluster> StartAsync(string settings = "")
    {
        var folder = Directory.CreateTempSubdirectory("depin-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", ["postgres:", folder]);
        }

        var cluster = new PostgresCluster(folder, Ports.Free(), settings);
        await cluster.AsPostgresAsync("initdb", "-D", cluster.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        await cluster.StartServerAsync();
        return cluster;
    }

    /// <summary>Starts the server again after a stop.</summary>
    public Task StartServerAsync() => AsPostgresAsync(
        "pg_ctl", "-D", Data, "-w", "-t", "60", "-l", Path.Combine(_folder, "pg.log"), "-o",
        $"-p {Port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=on -c max_connections=200 {_settings}", "start");

    /// <summary>Stops the server: <c>fast</c>, or <c>immediate</c>, which is a crash.</summary>
    public Task StopServerAsync(string mode = "fast") => AsPostgresAsync("pg_ctl", "-D", Data, "-m", mode, "-w", "stop");

    /// <summary>Connection string of a new, empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var name = $"depin_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return ConnectionTo(name);
    }

    /// <summary>Runs SQL in the maintenance database, past any pool.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(AdminConnection + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopServerAsync("immediate");
        }
        catch (InvalidOperationException)
        {
            // A test left it stopped.
        }

        Directory.Delete(_folder, true);
    }

    private string Data => Path.Combine(_folder, "data");

    private string ConnectionTo(string database) => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}";

    private Task AsPostgresAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(Binaries ?? throw new InvalidOperationException(SkipReason), program);
        return Environment.IsPrivilegedProcess
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "env", "HOME=" + _folder, path, .. arguments])
            : RunAsync(path, arguments);
    }

    private static async Task RunAsync(string program, IEnumerable<string> arguments)
    {
        // Output goes to a file-less sink: a server that inherits a pipe would keep it open and us waiting.
        var start = new ProcessStartInfo("sh") { WorkingDirectory = "/" };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec \"$@\" >/dev/null 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', start.ArgumentList.Skip(4))} ended with {process.ExitCode}");
        }
    }

    internal static async ValueTask StopSharedAsync()
    {
        if (Lazily.IsValueCreated)
        {
            await (await Lazily.Value).DisposeAsync();
        }
    }

    private static string? FindBinaries()
    {
        const string debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(debian) ? Directory.GetDirectories(debian).OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var v) ? v : 0) : Enumerable.Empty<string>();
        var folders = versions.Select(v => Path.Combine(v, "bin")).Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'));
        var found = folders.FirstOrDefault(f => f.Length > 0 && File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "postgres")));
        return found is not null && Environment.IsPrivilegedProcess && !File.ReadAllText("/etc/passwd").Contains("\npostgres:", StringComparison.Ordinal) ? null : found;
    }
}

/// <summary>Stops the shared cluster after the last test of the assembly.</summary>
public sealed class PostgresClusterLifetime : IAsyncDisposable
{
    /// <inheritdoc/>
    public ValueTask DisposeAsync() => PostgresCluster.StopSharedAsync();
}
