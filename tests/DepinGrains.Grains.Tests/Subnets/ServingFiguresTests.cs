using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Grains.State;
using DepinGrains.Grains.Subnets;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>What gateways report of miners: summed, once each, durable, bounded by uids.</summary>
public sealed class ServingFiguresTests
{
    [Fact]
    public async Task Reports_of_gateways_add_up_each_once_and_survive_the_activation()
    {
        await using var market = await EpochTests.NewAsync();
        var grain = market.Grains.GetGrain<ISubnetServingGrain>(7);
        var first = Report(3, "a", 10, requests: 5);
        Assert.Equal(2, (await grain.ReportAsync("one", [first, Report(4, "b", 11, requests: 1)])).Require().Miners);
        Assert.Equal(2, (await grain.ReportAsync("one", [first, Report(4, "b", 11, requests: 1)])).Require().Miners);
        Assert.Equal("request.id_reused", (await grain.ReportAsync("one", [first])).Refusal!.Code);
        await grain.ReportAsync("two", [first with { LastFailure = "timeout", LastFailureAt = market.Time.GetUtcNow() }]);
        Assert.Equal((10, "timeout"), await FiguresAsync(market, 3));
        Assert.Equal((1, null), await FiguresAsync(market, 4));

        await market.RestartAsync();
        grain = market.Grains.GetGrain<ISubnetServingGrain>(7);
        await grain.ReportAsync("one", [first, Report(4, "b", 11, requests: 1)]);
        await grain.ReportAsync("three", [first]);
        Assert.Equal((15, "timeout"), await FiguresAsync(market, 3));
    }

    [Fact]
    public async Task The_uids_next_owner_begins_anew_and_what_comes_late_of_the_old_one_is_dropped()
    {
        await using var market = await EpochTests.NewAsync();
        var grain = market.Grains.GetGrain<ISubnetServingGrain>(7);
        await grain.ReportAsync("one", [Report(3, "old", 10, requests: 5)]);
        await grain.ReportAsync("two", [Report(3, "new", 20, requests: 2)]);
        Assert.Equal(0, (await grain.ReportAsync("late", [Report(3, "old", 10, requests: 50)])).Require().Miners);
        Assert.Equal((2, null), await FiguresAsync(market, 3));
    }

    [Fact]
    public async Task Reports_nobody_can_have_made_are_refused_whole()
    {
        await using var market = await EpochTests.NewAsync();
        var grain = market.Grains.GetGrain<ISubnetServingGrain>(7);
        foreach (var bad in (MinerReport[])
            [Report(4_096, "a", 1, 1), Report(-1, "a", 1, 1), Report(1, "", 1, 1), Report(1, "a", 1, -1), Report(1, "a", 1, 1) with { LastFailure = new string('x', 33) }])
        {
            Assert.Equal("serving.report_invalid", (await grain.ReportAsync("bad", [Report(0, "good", 1, 1), bad])).Refusal!.Code);
        }

        Assert.Equal("serving.report_invalid", (await grain.ReportAsync("many", [.. Enumerable.Range(0, 257).Select(static uid => Report(uid, "a", 1, 1))])).Refusal!.Code);
        Assert.Null(await market.Store.ReadAsync(new RowId(MinerServingRow.Kind.Table.Kind, "7", SubnetRows.Uid(0))));
    }

    private static MinerReport Report(int uid, string hotkey, long registeredAt, long requests) => new(uid, hotkey, registeredAt, MinerTallies.Empty with { Requests = requests }, null, null);

    private static async Task<(long Requests, string? Failure)> FiguresAsync(Market market, int uid)
    {
        var row = RowKind<MinerServingRow>.Read((await market.Store.ReadAsync(new RowId(MinerServingRow.Kind.Table.Kind, "7", SubnetRows.Uid(uid))))!);
        return (row.Figures.Total.Requests, row.LastFailure);
    }
}
