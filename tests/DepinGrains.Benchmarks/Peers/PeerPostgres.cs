using System.Globalization;
using System.Text.RegularExpressions;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Testing;
using Npgsql;

namespace DepinGrains.Benchmarks.Peers;

/// <summary>The stored procedures of shared/peer-postgres on the same server, driven by pgbench.</summary>
internal sealed partial class PeerPostgres(PostgresCluster cluster, string folder)
{
    /// <summary>The settings of the peer's own cluster.sh, so that both sides run on them.</summary>
    public const string Settings =
        "-c shared_buffers=1GB -c effective_cache_size=12GB -c maintenance_work_mem=256MB -c synchronous_commit=on -c full_page_writes=on -c wal_compression=off "
        + "-c max_wal_size=4GB -c min_wal_size=1GB -c checkpoint_timeout=15min -c checkpoint_completion_target=0.9 -c random_page_cost=1.1 -c jit=off";

    /// <summary>The peer on this cluster, or null (and a sentence) when this machine lacks its folder.</summary>
    public static PeerPostgres? Find(PostgresCluster cluster)
    {
        if (Programs.Shared is { } shared && Path.Combine(shared, "peer-postgres") is var folder && Directory.Exists(folder))
        {
            return new PeerPostgres(cluster, folder);
        }

        Bench.Say("../shared/peer-postgres is absent: left out");
        return null;
    }

    public static async Task<int> PostmasterAsync(PostgresCluster cluster)
    {
        await using var connection = new NpgsqlConnection(cluster.AdminConnection + ";Pooling=false");
        await connection.OpenAsync();
        var stat = await File.ReadAllTextAsync($"/proc/{connection.ProcessID}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Fresh tables and accounts.</summary>
    public async Task ResetAsync()
    {
        foreach (var file in (string[])["schema.sql", "seed.sql"])
        {
            await RunAsync("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", Path.Combine(folder, file));
        }
    }

    /// <summary>Runs a script of this project with its variable <c>regions</c>.</summary>
    public Task RunScriptAsync(string script, int regions) =>
        RunAsync("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", string.Create(CultureInfo.InvariantCulture, $"regions={regions}"), "-f", script);

    /// <summary>A side of a comparison: one of the peer's scripts, on fresh tables in each round, warmed for a second.</summary>
    public Side Side(string name, string script, int clients, int serverPid) => new(name, async seconds =>
    {
        await ResetAsync();
        return await MeasureAsync(name, Path.Combine(folder, "scripts", script), clients, seconds, serverPid);
    }, Warms: false);

    public async Task<Measured> MeasureAsync(string name, string script, int clients, int seconds, int serverPid, params string[] more)
    {
        var logs = Directory.CreateTempSubdirectory("depin-pgbench-").FullName;
        string[] arguments = ["-n", "-M", "prepared", "-c", clients.ToString(CultureInfo.InvariantCulture), "-j", "2", "-f", script, .. more];
        await RunAsync("pgbench", [.. arguments, "-T", "1"]);
        var machine = Machine.Watch(serverPid);
        var output = await RunAsync("pgbench", [.. arguments, "-T", seconds.ToString(CultureInfo.InvariantCulture), "-l", "--log-prefix", Path.Combine(logs, "l")]);
        var cpu = machine.Stop();
        var rate = double.Parse(Tps().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        var latencies = Directory.GetFiles(logs).SelectMany(File.ReadLines).Select(static line => double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) / 1000).Order().ToArray();
        Directory.Delete(logs, true);
        return new Measured(name, rate, latencies[latencies.Length / 2], latencies[(int)(latencies.Length * 0.99)], seconds, cpu);
    }

    private Task<string> RunAsync(string program, params string[] arguments) => Programs.RunAsync(program, arguments, null, new Dictionary<string, string>
    {
        ["PGHOST"] = "127.0.0.1",
        ["PGPORT"] = cluster.Port.ToString(CultureInfo.InvariantCulture),
        ["PGUSER"] = "postgres",
        ["PGDATABASE"] = "postgres",
    });

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Tps();
}
