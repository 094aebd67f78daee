using System.Collections.Immutable;
using DepinGrains.Contracts.Emissions;
using DepinGrains.Contracts.Ledgers;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Subnets.Shares;
using DepinGrains.Grains.Network;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Ledgers;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Emissions;

/// <summary>Emission on the real ledger against the schedule. A market of its own each: issuance is the whole network's.</summary>
public sealed class EmissionGrainTests : IAsyncLifetime
{
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(12);
    private static readonly ImmutableArray<SubnetShare> Halves = [new(1, SubnetEmission.All / 2, OwnerCut.Default), new(2, SubnetEmission.All / 2, 0)];
    private readonly Market _market = new();
    private int _operations;

    private IEmissionGrain Emission => _market.Grains.GetGrain<IEmissionGrain>(EmissionKeys.Tao);

    private long Now => (_market.Time.GetUtcNow() - new NetworkOptions().Genesis).Ticks / Block.Ticks;

    public async ValueTask InitializeAsync() => await _market.InitializeAsync();

    public async ValueTask DisposeAsync() => await _market.DisposeAsync();

    [Fact]
    public async Task A_draw_is_the_emission_of_its_blocks_however_late_and_often_it_is_asked()
    {
        var from = await ShareAsync(Halves);
        _market.Time.Advance(Block * 1_000);
        var late = (await Emission.DrawAsync(2, 5, from + 999)).Require();
        Assert.Equal((from + 999, 0L, 500_000_000L * 1_000), (late.ToBlock, late.Owner, late.Queued));

        // Settled far beyond it, yet it draws its own blocks alone; and the rest with the next.
        var first = (await Emission.DrawAsync(1, 5, from + 359)).Require();
        var (owner, queued) = OwnerCut.Split(500_000_000, OwnerCut.Default, 360);
        Assert.Equal(((long)owner, (long)queued), (first.Owner, first.Queued));
        Assert.Equal(first, (await Emission.DrawAsync(1, 5, from + 359)).Require());
        Assert.Equal(first, (await Emission.DrawAsync(1, 5, from + 500)).Require());
        Assert.Equal("emission.epoch_passed", (await Emission.DrawAsync(1, 4, from + 400)).Refusal!.Code);
        Assert.Equal("emission.block_passed", (await Emission.DrawAsync(1, 6, from + 359)).Refusal!.Code);
        Assert.Equal("emission.block_future", (await Emission.DrawAsync(1, 6, Now + 1)).Refusal!.Code);
        var second = (await Emission.DrawAsync(1, 6, from + 999)).Require();
        Assert.Equal(500_000_000L * 1_000, first.Owner + first.Queued + second.Owner + second.Queued);
        Assert.Equal(1_000L * TaoEmission.RaoPerTao, -await _market.PostedAsync("rao", LedgerAccounts.Issuance));
        Assert.Equal(500_000_000L * 1_000, await _market.PostedAsync("rao", EmissionAccounts.Pending(1)));
        await _market.AssertBooksCleanAsync();
    }

    /// <summary>Ten years with recycling in between, asked once in a while or each month: supply and the block of the halving are the schedule's.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task Ten_years_are_the_schedule_whoever_asks_in_between(int asks)
    {
        await MintAsync("wallet/x", 50_000 * TaoEmission.RaoPerTao);
        var from = await ShareAsync([new(1, SubnetEmission.All, 0)]);
        var state = new EmissionState(50_000 * TaoEmission.RaoPerTao);
        var blocks = 10 * EmissionSimulation.BlocksPerYear;
        _market.Time.Advance(Block * (blocks / 4));
        (await Emission.RecycleAsync("r1", new RecycleEmission("wallet/x", 30_000 * TaoEmission.RaoPerTao, 1))).Require();
        state = EmissionSettlement.Settle(state, (blocks / 4) + 1).Require().State.Recycle(30_000 * TaoEmission.RaoPerTao);
        var left = blocks - (blocks / 4);
        for (var i = 0; i < asks; i++)
        {
            _market.Time.Advance(Block * ((left * (i + 1) / asks) - (left * i / asks)));
            await Emission.TickAsync();
        }

        state = EmissionSettlement.Settle(state, left).Require().State;
        Assert.Equal(from + blocks, Now);
        Assert.Equal(state.Issuance, -await _market.PostedAsync("rao", LedgerAccounts.Issuance));
        var view = (await Emission.GetAsync()).Require();
        Assert.Equal((state.Issuance, state.PerBlock, state.Halvings, 2), (view.Issuance, view.PerBlock, view.Halvings, view.NextHalving!.Halving - 1));
        Assert.Equal(30_000 * TaoEmission.RaoPerTao, view.Recycled);
        Assert.Equal(state.Issuance - (20_000 * TaoEmission.RaoPerTao), view.Emitted);
    }

    [Fact]
    public async Task Recycling_below_a_threshold_doubles_emission_again_unless_the_network_latches()
    {
        await MintAsync("wallet/x", TaoEmission.Threshold(1));
        await ShareAsync([new(1, SubnetEmission.All, 0)]);
        Assert.Equal(TaoEmission.First / 2, (await Emission.GetAsync()).Require().PerBlock);
        await Emission.TickAsync();
        (await Emission.RecycleAsync("r", new RecycleEmission("wallet/x", 1_000 * TaoEmission.RaoPerTao, 0))).Require();
        Assert.Equal(TaoEmission.First, (await Emission.GetAsync()).Require().PerBlock);
        (await _market.Grains.GetGrain<Contracts.Network.INetworkParametersGrain>("network").SetAsync("p", new Contracts.Network.SetParameter("emission.latch", 1, null, "op"))).Require();
        _market.Time.Advance(TimeSpan.FromSeconds(6));
        var latched = (await Emission.GetAsync()).Require();
        Assert.Equal((TaoEmission.First / 2, true), (latched.PerBlock, latched.Latched));
        Assert.Equal("ledger.insufficient_funds", (await Emission.RecycleAsync("s", new RecycleEmission("wallet/y", 1, 0))).Refusal!.Code);
    }

    [Fact]
    public async Task Shares_change_from_their_block_on_and_a_subnet_that_ends_gives_back_what_it_did_not_draw()
    {
        var from = await ShareAsync(Halves);
        _market.Time.Advance(Block * 100);
        Assert.Equal("emission.shares_invalid", (await SetAsync(from, [new(1, SubnetEmission.All, 0), new(2, 1, 0)])).Refusal!.Code);
        Assert.Equal("emission.block_future", (await SetAsync(Now + 1, Halves)).Refusal!.Code);
        Assert.Equal(from + 50, (await SetAsync(from + 49, [new(1, SubnetEmission.All / 4, 0), new(2, SubnetEmission.All / 2, 0)])).Require().FromBlock);
        var ended = (await Emission.EndSubnetAsync("e", 2)).Require();
        Assert.Equal(ended, (await Emission.EndSubnetAsync("e", 2)).Require());
        Assert.Equal(101 * TaoEmission.RaoPerTao / 2, ended.Amount);
        Assert.Equal(ended.Issuance, -await _market.PostedAsync("rao", LedgerAccounts.Issuance));
        _market.Time.Advance(Block * 10);
        var draw = (await Emission.DrawAsync(1, 1, Now)).Require();
        Assert.Equal((50 * TaoEmission.First / 2) + (61 * TaoEmission.First / 4), draw.Owner + draw.Queued);
        Assert.Equal(0, await _market.PostedAsync("rao", EmissionAccounts.Pending(2)));
        Assert.Equal(draw.Owner + draw.Queued, -await _market.PostedAsync("rao", LedgerAccounts.Issuance));
    }

    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Whatever_commit_is_lost_every_block_is_issued_once(StoreFault fault)
    {
        var from = await ShareAsync(Halves);
        var seen = 0;
        _market.Store.Fault = point => point is { Call: StoreCall.Commit, Subject: "rao" } && Interlocked.Increment(ref seen) % 2 == 1 ? fault : StoreFault.None;
        for (var epoch = 1; epoch <= 10; epoch++)
        {
            _market.Time.Advance(Block * 100);
            await MarketRegion.AgainAsync(async () => (await Emission.DrawAsync(1, epoch, from + (100 * epoch) - 1)).Require());
            await MarketRegion.AgainAsync(Emission.TickAsync);
        }

        _market.Store.Fault = null;
        await _market.RestartAsync();
        await Emission.TickAsync();
        Assert.InRange(seen, 20, 200);
        Assert.Equal(1_001L * TaoEmission.RaoPerTao, -await _market.PostedAsync("rao", LedgerAccounts.Issuance));
        Assert.Equal(1_001L * TaoEmission.RaoPerTao / 2, await _market.PostedAsync("rao", EmissionAccounts.Pending(1)));
        Assert.Equal(500_000_000, (await Emission.GetAsync()).Require().Subnets.Single(static s => s.Netuid == 1).Pending);
        await _market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task The_forecast_rests_on_what_came_back_in_past_windows()
    {
        await MintAsync("wallet/x", 1_000 * TaoEmission.RaoPerTao);
        await ShareAsync([new(1, SubnetEmission.All, 0)]);
        Assert.Equal(0, (await Emission.GetAsync()).Require().NextHalving!.Windows);
        for (var hour = 0; hour < 20; hour++)
        {
            (await Emission.RecycleAsync($"r{hour}", new RecycleEmission("wallet/x", 30 * TaoEmission.RaoPerTao, 1))).Require();
            _market.Time.Advance(TimeSpan.FromHours(1));
            await _market.SweepAsync();
        }

        var outlook = (await Emission.GetAsync()).Require().NextHalving!;
        Assert.InRange(outlook.Windows, 19, 21);
        Assert.Equal((TaoEmission.First, 100_000_000L), (outlook.Likely.IssuedPerBlock, outlook.Likely.RecycledPerBlock));
        var view = (await Emission.GetAsync()).Require();
        Assert.Equal((TaoEmission.Threshold(1) - view.Issuance + 899_999_999) / 900_000_000, outlook.Likely.Blocks);
    }

    private async Task<long> ShareAsync(ImmutableArray<SubnetShare> shares) => (await SetAsync(Now - 1, shares)).Require().FromBlock;

    private Task<Contracts.Common.Result<EmissionShares>> SetAsync(long block, ImmutableArray<SubnetShare> shares) =>
        Emission.SetSharesAsync($"s{++_operations}", new SetShares(block, shares, "test"));

    private async Task MintAsync(string account, long amount) => (await _market.LedgerOf("rao").ExecuteAsync(Ops.Mint($"m{++_operations}", account, amount))).Require();
}
