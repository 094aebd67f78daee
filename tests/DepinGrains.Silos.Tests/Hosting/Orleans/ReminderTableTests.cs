using DepinGrains.ServiceDefaults.Silos;
using DepinGrains.Silos.Tests.Processes;
using DepinGrains.Storage;
using DepinGrains.Storage.Hosting;
using DepinGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace DepinGrains.Silos.Tests.Hosting.Orleans;

/// <summary>Orleans' own table of reminders over our schema: what silos that share a database rely on when one of them takes over another's share.</summary>
public sealed class ReminderTableTests
{
    private const string Name = "sweep";
    private static readonly DateTime Start = new(2026, 11, 30, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task AReminder_IsFoundByGrainAndByAnyRangeOfHashes_AndChangedOrRemovedByItsVersionOnly()
    {
        Needs.SilosAndPostgres();
        await using var opened = await TableAsync("service");
        var table = opened.Table;
        GrainId[] grains = [.. Enumerable.Range(0, 64).Select(static n => GrainId.Create("depin.sweep", $"shard-{n}"))];
        foreach (var grain in grains)
        {
            await table.UpsertRow(Entry(grain, TimeSpan.FromMinutes(1)));
        }

        // Whole, from the highest to the lowest (the ring's end), and every half: together all, none twice.
        Assert.Equal(64, (await table.ReadRows(0, 0)).Reminders.Count);
        foreach (var middle in (uint[])[1, 1 << 30, 1u << 31, uint.MaxValue - 1])
        {
            var parts = (await table.ReadRows(0, middle)).Reminders.Concat((await table.ReadRows(middle, 0)).Reminders).Select(static r => r.GrainId).ToArray();
            Assert.Equal(grains.Order(), parts.Order());
            Assert.All((await table.ReadRows(0, middle)).Reminders, r => Assert.InRange(r.GrainId.GetUniformHashCode(), 1u, middle));
        }

        var first = Assert.Single((await table.ReadRows(grains[0])).Reminders);
        Assert.Equal((grains[0], Name, Start, TimeSpan.FromMinutes(1)), (first.GrainId, first.ReminderName, first.StartAt, first.Period));
        var changed = await table.UpsertRow(Entry(grains[0], TimeSpan.FromMinutes(2)));
        Assert.NotEqual(first.ETag, changed);
        Assert.Equal(TimeSpan.FromMinutes(2), (await table.ReadRow(grains[0], Name))!.Period);

        // Somebody who saw an older one removes nothing.
        Assert.False(await table.RemoveRow(grains[0], Name, first.ETag!));
        Assert.True(await table.RemoveRow(grains[0], Name, changed!));
        Assert.Null(await table.ReadRow(grains[0], Name));
        Assert.Equal(63, (await table.ReadRows(0, 0)).Reminders.Count);
    }

    [Fact]
    public async Task TwoNetworksInOneDatabase_DoNotSeeEachOthersReminders()
    {
        Needs.SilosAndPostgres();
        await using var one = await TableAsync("one");
        await using var other = await TableAsync("other", one.Connection);
        await one.Table.UpsertRow(Entry(GrainId.Create("depin.sweep", "shard-1"), TimeSpan.FromMinutes(1)));
        Assert.Empty((await other.Table.ReadRows(0, 0)).Reminders);
        Assert.Single((await one.Table.ReadRows(0, 0)).Reminders);
    }

    private static ReminderEntry Entry(GrainId grain, TimeSpan period) => new() { GrainId = grain, ReminderName = Name, StartAt = Start, Period = period };

    private static async Task<Opened> TableAsync(string service, string? connection = null)
    {
        connection ??= await (await PostgresCluster.SharedAsync()).NewDatabaseAsync();
        await using (var store = StoreRegistration.Open(new StoreOptions { Kind = "postgres", Connection = connection }, []))
        {
            await store.Migrator.MigrateAsync();
        }

        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering();
            silo.UseAdoNetReminderService(table => (table.Invariant, table.ConnectionString) = (SilosDatabase.Invariant, connection + ";Timezone=UTC"));
            silo.Configure<ClusterOptions>(cluster => cluster.ServiceId = service);
        });
        var host = builder.Build();
        var table = host.Services.GetRequiredService<IReminderTable>();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await table.StartAsync(limit.Token);
        return new Opened(host, table, connection);
    }

    private sealed record Opened(IHost Host, IReminderTable Table, string Connection) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Host.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
