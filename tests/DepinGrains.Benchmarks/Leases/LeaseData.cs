using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using Npgsql;

namespace DepinGrains.Benchmarks.Leases;

/// <summary>Leases written by SQL: in our table as the product writes them, and in a table made by hand with the columns a list shows.</summary>
internal static class LeaseData
{
    public const int Owners = 10_000;
    public const int Providers = 500;

    /// <summary>Fills both tables with the same leases: every owner has as many, 3 of 10 are open.</summary>
    public static async Task SeedAsync(string connection, int count)
    {
        await using var database = new NpgsqlConnection(connection + ";Command Timeout=0");
        await database.OpenAsync();
        await RunAsync(database, """
            CREATE TABLE by_hand(id text COLLATE "C" PRIMARY KEY, owner text COLLATE "C" NOT NULL, provider text COLLATE "C" NOT NULL, status text COLLATE "C" NOT NULL, rate text NOT NULL,
                currency text NOT NULL, opened_ms bigint NOT NULL, closed_ms bigint, close_reason int NOT NULL, close_detail text NOT NULL)
            """);
        var source = string.Create(CultureInfo.InvariantCulture, $$"""
            SELECT 'id_owner_' || lpad((g % {{Owners}})::text, 22, '0') AS owner, 'id_provider_' || lpad((g * 7919::bigint % {{Providers}})::text, 20, '0') AS provider,
                (ARRAY['active', 'active', 'insufficient_funds', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed'])[1 + (g / {{Owners}}) % 10] AS status,
                1760000000000 + g * 977::bigint AS opened, g FROM generate_series(0, {{count - 1}}) g
            """);
        await RunAsync(database, $$"""
            INSERT INTO by_hand SELECT owner || '/' || g || '/1/1/' || provider, owner, provider, status, '1.25', 'uact', opened, CASE WHEN status = 'closed' THEN opened + 3600000 END, 0, '' FROM ({{source}}) s
            """);

        // The document is one of the product's own, with the parts that differ put in by SQL.
        var document = Encoding.UTF8.GetString(RowJson.Write(Sample()).Span).Replace("'", "''", StringComparison.Ordinal);
        await RunAsync(database, $$"""
            INSERT INTO rows_lease(parent, "key", version, write_id, doc, owner, provider, deployment, market, status, node, opened_ms, closed_ms, cpu_milli, memory_bytes, gpus, unreleased, resource_class, rate, currency, close_reason, close_detail)
            SELECT '', owner || '/' || g || '/1/1/' || provider, 1, '00000000-0000-0000-0000-000000000001',
                convert_to(replace(replace(replace('{{document}}', 'OWNER', owner), 'PROVIDER', provider), '"status":"active"', '"status":"' || status || '"'), 'UTF8'),
                owner, provider, owner || '/' || g, 'deployments', status, 'node_bench', opened, CASE WHEN status = 'closed' THEN opened + 3600000 END, 1000, 536870912, 0, false, 'cpu', '1.25', 'uact', 0, '' FROM ({{source}}) s
            """);
        foreach (var columns in (string[])["owner, opened_ms, id", "provider, opened_ms, id", "status, opened_ms, id", "opened_ms, id"])
        {
            await RunAsync(database, $"CREATE INDEX ON by_hand({columns})");
        }

        await RunAsync(database, "VACUUM ANALYZE");
        await RunAsync(database, "CHECKPOINT");
    }

    public static string Owner(int i) => string.Create(CultureInfo.InvariantCulture, $"id_owner_{i:D22}");

    public static string Provider(int i) => string.Create(CultureInfo.InvariantCulture, $"id_provider_{i:D20}");

    private static LeaseState Sample()
    {
        var demand = new NodeDemand([new DemandSlot("web/0", 1_000, 1L << 29, 0, [], [new("ephemeral", 1L << 30)], 1)]);
        var booking = new NodeReservation("bid/OWNER/1/1/1/PROVIDER/1", "node_bench", demand, [new SlotGrant("web/0", [], [30_000])], null, "OWNER/1/1/1/PROVIDER", "127.0.0.1");
        return new LeaseState(
            new LeaseTerms("deployments", "OWNER", "PROVIDER", "OWNER/1", "uact", "1.25", [booking], 0, DateTimeOffset.UnixEpoch.AddDays(20_000)),
            LeaseStatus.Active,
            [new LeaseWorkload("OWNER/1/1/1/PROVIDER/web/0", "web", 0, "node_bench", ["127.0.0.1:30000"], null, 1, 1)],
            null, null, 0, "", Released: false);
    }

    private static async Task RunAsync(NpgsqlConnection database, string sql)
    {
        await using var command = new NpgsqlCommand(sql, database);
        await command.ExecuteNonQueryAsync();
    }
}
