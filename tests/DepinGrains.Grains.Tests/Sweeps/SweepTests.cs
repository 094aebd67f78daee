using System.Globalization;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Deployments;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Nodes;
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

    [Fact]
    public async Task A_node_that_stays_silent_is_retired_and_one_that_was_seen_or_had_no_chance_to_be_is_not()
    {
        await using var market = new Market();
        await market.InitializeAsync();
        var region = market.NewRegion();
        foreach (var who in (string[])["gone", "back", "there"])
        {
            await region.AddProviderAsync(who, null);
            if (who != "there")
            {
                (await region.Node(who).MarkOfflineAsync(1, market.Time.GetUtcNow())).Require();
            }
        }

        market.Time.Advance(TimeSpan.FromDays(6));
        var session = (await region.Node("back").ConnectAsync("boot", Samples.Hardware())).Require().Session;
        (await region.Node("back").MarkOfflineAsync(session, market.Time.GetUtcNow())).Require();
        market.Time.Advance(TimeSpan.FromDays(1));

        // Whoever comes up after a long night first lets the nodes come back.
        await market.SweepAsync();
        Assert.Equal(NodeStatus.Offline, await StatusAsync("gone"));
        market.Time.Advance(TimeSpan.FromMinutes(11));
        await market.SweepAsync();
        Assert.Equal([NodeStatus.Retired, NodeStatus.Offline, NodeStatus.Online], [await StatusAsync("gone"), await StatusAsync("back"), await StatusAsync("there")]);
        var retired = Assert.Single((await market.Store.ReadAsync(0, "node/" + region.NodeId("gone"), 100)).Events, static e => e.Type == "node.retired");
        Assert.Contains("not seen since 2026-11-22 12:00 UTC, for 7.00:00:00 or longer", System.Text.Encoding.UTF8.GetString(retired.Data.Span), StringComparison.Ordinal);
        Assert.Equal("node.retired", (await region.Node("gone").ConnectAsync("boot", Samples.Hardware())).Refusal!.Code);

        async Task<NodeStatus> StatusAsync(string who) => (await region.Node(who).GetAsync()).Require().Status;
    }

    private static string Key(MarketRegion region, int number) => string.Create(CultureInfo.InvariantCulture, $"{region.Tenant}/{number}");
}
