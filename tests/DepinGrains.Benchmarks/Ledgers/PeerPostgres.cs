using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DepinGrains.Testing;
using Npgsql;

namespace DepinGrains.Benchmarks.Ledgers;

/// <summary>The stored procedures of shared/peer-postgres on the same server, driven by pgbench.</summary>
internal sealed partial class PeerPostgres(PostgresCluster cluster, string folder)
{
    /// <summary>The settings of the peer's own cluster.sh, so that both sides run on them.</summary>
    public const string Settings =
        "-c shared_buffers=1GB -c effective_cache_size=12GB -c maintenance_work_mem=256MB -c synchronous_commit=on -c full_page_writes=on -c wal_compression=off "
        + "-c max_wal_size=4GB -c min_wal_size=1GB -c checkpoint_timeout=15min -c checkpoint_completion_target=0.9 -c random_page_cost=1.1 -c jit=off";

    /// <summary>The peer's folder, or null when this machine has none.</summary>
    public static string? Find()
    {
        var candidates = new List<string?> { Environment.GetEnvironmentVariable("DEPIN_SHARED"), "/work/shared" };
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "DepinGrains.sln")))
            {
                candidates.Insert(0, Path.GetFullPath(Path.Combine(at.FullName, "../shared")));
            }
        }

        return candidates.OfType<string>().Select(shared => Path.Combine(shared, "peer-postgres")).FirstOrDefault(Directory.Exists);
    }

    public async Task<int> PostmasterAsync()
    {
        await using var connection = new NpgsqlConnection(cluster.AdminConnection + ";Pooling=false");
        await connection.OpenAsync();
        var stat = await File.ReadAllTextAsync($"/proc/{connection.ProcessID}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    public async Task ResetAsync()
    {
        foreach (var file in (string[])["schema.sql", "seed.sql"])
        {
            await RunAsync("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", Path.Combine(folder, file));
        }
    }

    public async Task<Measured> MeasureAsync(string name, string script, int clients, int seconds, int serverPid)
    {
        await ResetAsync();
        var logs = Directory.CreateTempSubdirectory("depin-pgbench-").FullName;
        var machine = Machine.Watch(serverPid);
        var output = await RunAsync("pgbench", "-n", "-M", "prepared", "-c", clients.ToString(CultureInfo.InvariantCulture), "-j", "2", "-T", seconds.ToString(CultureInfo.InvariantCulture),
            "-l", "--log-prefix", Path.Combine(logs, "l"), "-f", Path.Combine(folder, "scripts", script));
        var cpu = machine.Stop();
        var rate = double.Parse(Tps().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        var latencies = Directory.GetFiles(logs).SelectMany(File.ReadLines).Select(line => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) / 1000).Order().ToArray();
        Directory.Delete(logs, true);
        return new Measured(name, rate, latencies[latencies.Length / 2], latencies[(int)(latencies.Length * 0.99)], seconds, cpu);
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["PGHOST"], start.Environment["PGPORT"]) = ("127.0.0.1", cluster.Port.ToString(CultureInfo.InvariantCulture));
        (start.Environment["PGUSER"], start.Environment["PGDATABASE"]) = ("postgres", "postgres");
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {await error}");
    }

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Tps();
}
