using System.Globalization;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Sweeps;

/// <summary>What is due is visited, whatever else is due.</summary>
public sealed class SweepTests
{
    private const int Deployments = 10;
    private const int Stuck = 7;

    [Fact]
    public async Task Rows_of_other_shards_and_rows_that_stay_due_do_not_hide_what_is_due_behind_them()
    {
        await using var market = new Market { SweepBatch = 2, SweepPages = 2 };
        await market.InitializeAsync();
        var region = market.NewRegion();
        await region.MintAsync(region.Tenant, 10 * MarketRegion.Purse);
        for (var number = 1; number <= Deployments; number++)
        {
            (await region.Other(number).CreateAsync(new CreateDeployment(region.NewOperation(), region.Tenant, region.Sdl(), 1_000_000, WinnerRule.Lowest))).Require();
            await region.Other(number).TickAsync();
            market.Time.Advance(TimeSpan.FromSeconds(1));
        }

        // Nobody keeps time any more: only the sweep comes by.
        await market.RestartAsync();
        market.Time.Advance(TimeSpan.FromHours(1));
        var now = market.Time.GetUtcNow();
        market.Store.Fault = point => point.Call == StoreCall.Commit && Enumerable.Range(1, Stuck).Any(n => point.Subject == Key(region, n)) ? StoreFault.FailBefore : StoreFault.None;
        for (var round = 0; round < 3; round++)
        {
            await market.SweepAsync();
        }

        for (var number = 1; number <= Deployments; number++)
        {
            var row = await market.Store.ReadAsync(RowId.Root(DeploymentState.Kind.Table.Kind, Key(region, number)));
            Assert.Equal((number, number > Stuck), (number, RowKind<DeploymentState>.Read(row!).NextActionAt > now));
        }
    }

    private static string Key(MarketRegion region, int number) => string.Create(CultureInfo.InvariantCulture, $"{region.Tenant}/{number}");
}
