using DepinGrains.Storage.Events;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Journal;
using DepinGrains.Storage.Rows;
using DepinGrains.Storage.Schema;
using DepinGrains.Storage.Tests.Harness;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using static DepinGrains.Storage.Tests.Harness.Kinds;

namespace DepinGrains.Storage.Tests.Hosting;

public sealed class RegistrationTests
{
    [Fact]
    public async Task A_host_gets_all_faces_of_one_store_and_a_health_check()
    {
        var folder = SqliteFile.NewFolder();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Store:Kind"] = "sqlite",
            ["Store:Connection"] = Path.Combine(folder, "sub", "depin.db"),
        }).Build();
        var services = new ServiceCollection().AddLogging().AddDepinStore(configuration.GetSection(StoreOptions.Section), Kinds.All);
        await using (var provider = services.BuildServiceProvider())
        {
            await provider.GetRequiredService<IStoreMigrator>().MigrateAsync();
            var rows = provider.GetRequiredService<IRowStore>();
            Assert.Equal(CommitStatus.Committed, (await rows.CommitAsync(Change(Root("a", 0), events: [Event("t", "a")]))).Status);
            Assert.Equal(1, await provider.GetRequiredService<IEventLog>().HeadAsync());
            Assert.Equal(0, await provider.GetRequiredService<ILedgerJournal>().HeadAsync("t"));
            var health = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            Assert.Equal(HealthStatus.Healthy, health.Entries["store"].Status);
        }

        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task A_store_that_is_away_is_unhealthy()
    {
        var services = new ServiceCollection().AddLogging().AddDepinStore(
            o =>
            {
                o.Kind = "postgres";
                o.Connection = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=1";
            },
            Kinds.All);
        await using var provider = services.BuildServiceProvider();
        var health = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, health.Entries["store"].Status);
    }

    [Theory]
    [InlineData("mysql", "x", 256)]
    [InlineData("sqlite", "", 256)]
    [InlineData("sqlite", "x", 0)]
    public void Bad_options_are_refused(string kind, string connection, int batch)
    {
        var services = new ServiceCollection().AddLogging().AddDepinStore(o => (o.Kind, o.Connection, o.BatchMax) = (kind, connection, batch), Kinds.All);
        using var provider = services.BuildServiceProvider();
        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IRowStore>());
    }
}
