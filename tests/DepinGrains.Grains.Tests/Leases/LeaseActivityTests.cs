using System.Collections.Immutable;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Leases;
using DepinGrains.Grains.Leases;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Nodes;
using DepinGrains.Storage.Hosting;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Leases;

/// <summary>The database's counts are the Domain's, over the rows of a real SQLite file.</summary>
public sealed class LeaseActivityTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 15, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-activity-").FullName;
    private readonly List<LeaseLife> _lives = [];
    private DepinStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _store = StoreRegistration.Open(new() { Kind = "sqlite", Connection = Path.Combine(_folder, "depin.db") }, [LeaseState.Kind.Table], TimeProvider.System);
        await _store.Migrator.MigrateAsync();
        var random = new Random(7);
        for (var i = 0; i < 400; i++)
        {
            var opened = Now.AddMinutes(-random.Next(400 * 24 * 60));
            DateTimeOffset? closed = random.Next(4) == 0 ? null : opened.AddMinutes(random.Next(60 * 24 * 60)) is var end && end < Now ? end : null;
            await AddAsync(i, random.Next(3), opened, closed);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Days_and_quarters_have_the_numbers_that_counting_every_lease_gives()
    {
        var activity = new LeaseActivity(_store.Rows);
        var (from, to) = (new DateOnly(2026, 9, 1), new DateOnly(2026, 11, 22));
        var days = await activity.CountAsync([.. LeasePeriods.Days(from, to)]);
        Assert.Equal(LeaseStatistics.ByDay(_lives, from, to, Now), days);
        Assert.Equal(["cpu/large", "cpu/small", "gpu/a100"], days.Select(static d => d.ResourceClass).Distinct());

        var quarters = await activity.CountAsync([.. LeasePeriods.Quarters(new DateOnly(2025, 9, 30), to)]);
        Assert.Equal(LeaseStatistics.ByQuarter(_lives, new DateOnly(2025, 9, 30), to, Now), quarters);
        Assert.Equal("2026-Q4", quarters[^1].Period);
        Assert.Empty(await activity.CountAsync([]));
    }

    private async Task AddAsync(int number, int kind, DateTimeOffset opened, DateTimeOffset? closed)
    {
        var slot = kind switch
        {
            0 => Samples.Slot(),
            1 => Samples.Slot(cpu: 60_000),
            _ => Samples.Slot(gpus: 2, gpu: ["vendor/nvidia/model/a100/ram/80Gi"]),
        };
        var booking = new NodeReservation($"r{number}", "node", Samples.Demand(slot), [], null, "l", "host");
        var terms = new LeaseTerms("deployments", "tenant", "provider", "d", "uact", "1", [booking], 0, opened);
        var state = new LeaseState(terms, closed is null ? LeaseStatus.Active : LeaseStatus.Closed, [], null, closed, 0, "", true);
        var outcome = await _store.Rows.CommitAsync(new ChangeSet(new RootWrite(RowId.Root("lease", $"l{number:D4}"), 0, LeaseState.Kind.Columns(state), RowJson.Write(state)), [], [], []));
        Assert.Equal(CommitStatus.Committed, outcome.Status);
        _lives.Add(new LeaseLife(kind switch { 0 => "cpu/small", 1 => "cpu/large", _ => "gpu/a100" }, opened, closed));
    }
}
