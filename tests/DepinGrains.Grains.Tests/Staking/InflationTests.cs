using DepinGrains.Contracts.Ledgers;
using DepinGrains.Contracts.Staking;
using DepinGrains.Domain.Emissions;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Staking;

/// <summary>AKT's inflation: by epochs of the clock, once each, whoever asks how often and however late. A market of its own: supply is the whole network's.</summary>
public sealed class InflationTests
{
    [Theory]
    [InlineData(StoreFault.None)]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task Each_epoch_mints_once_by_the_schedule_to_stakers_and_community(StoreFault fault)
    {
        await using var market = new Market();
        await market.InitializeAsync();
        await market.SweepAsync();
        var s = new Stakers(market, market.NewRegion(), "uakt");
        await s.DelegateAsync("val", 40_000_000_000, 6_553);
        await s.MintAsync("ann", 60_000_000_000);
        (await s.AddAsync("val", "ann", 60_000_000_000)).Require();
        await s.DelegateAsync("other", 100_000_000_000);
        var (supply, carry, community) = (200_000_000_000L, (Int128)0, 0L);
        var inflation = market.Grains.GetGrain<IInflationGrain>("uakt");
        var commits = 0;
        market.Store.Fault = point => point is { Call: StoreCall.Commit, Subject: "uakt" } && fault != StoreFault.None && Interlocked.Increment(ref commits) % 3 == 1 ? fault : StoreFault.None;
        for (var epoch = 0; epoch < 3; epoch++)
        {
            market.Time.Advance(TimeSpan.FromDays(1));
            for (var again = 0; again < 3; again++)
            {
                await Task.WhenAll(QuietlyAsync(inflation.TickAsync), QuietlyAsync(inflation.TickAsync));
                await market.SweepAsync();
            }

            var step = new StakingInflation().Mint(supply, 86_400, carry);
            (supply, carry, community) = (supply + step.Minted, step.Carry, community + step.Community);
            Assert.Equal(-supply, await market.PostedAsync("uakt", LedgerAccounts.Issuance));
        }

        market.Store.Fault = null;
        var view = (await inflation.GetAsync()).Require();
        Assert.Equal((supply - 200_000_000_000, 140_000, 20_000), (view.Minted, view.RateMillionths, view.CommunityTaxMillionths));
        Assert.InRange(await market.PostedAsync("uakt", LedgerAccounts.CommunityPool), community, community + 9);

        // Half the stake each: the validator with a commission of 10 % and the one alone earned the same, the delegator 0.9 of her part.
        var (whole, alone) = ((await s.Stake("val").GetAsync()).Require(), (await s.Stake("other").GetAsync()).Require());
        Assert.InRange(whole.Total - alone.Total, -3, 3);
        var earned = alone.Total - 100_000_000_000;
        Assert.InRange(await s.StakeOfAsync("val", "ann") - 60_000_000_000, (earned * 6 / 10 * 9 / 10) - 2_000, (earned * 6 / 10 * 9 / 10) + 2_000);
        await market.AssertBooksCleanAsync();
    }

    [Fact]
    public async Task Missed_epochs_are_paid_in_bounded_steps_and_epochs_without_stake_mint_nothing()
    {
        await using var market = new Market();
        await market.InitializeAsync();
        await market.SweepAsync();
        var s = new Stakers(market, market.NewRegion(), "uakt");
        await s.MintAsync("val", 1_000_000_000);
        market.Time.Advance(TimeSpan.FromDays(1_000));
        await market.SweepAsync();
        Assert.Equal(-1_000_000_000, await market.PostedAsync("uakt", LedgerAccounts.Issuance));
        (await s.AddAsync("val", "val", 1_000_000_000)).Require();
        var inflation = market.Grains.GetGrain<IInflationGrain>("uakt");
        var first = (await inflation.GetAsync()).Require().NextEpoch;
        market.Time.Advance(TimeSpan.FromDays(20));
        await inflation.TickAsync();
        var once = (await inflation.GetAsync()).Require();
        Assert.InRange(once.NextEpoch, first + 1, first + 16);
        await market.RestartAsync();
        for (var i = 0; i < 4; i++)
        {
            await market.SweepAsync();
        }

        var (supply, carry) = (1_000_000_000L, (Int128)0);
        for (var epoch = 0; epoch < 20; epoch++)
        {
            var step = new StakingInflation().Mint(supply, 86_400, carry);
            (supply, carry) = (supply + step.Minted, step.Carry);
        }

        Assert.Equal((first + 20, supply), ((await market.Grains.GetGrain<IInflationGrain>("uakt").GetAsync()).Require().NextEpoch, -await market.PostedAsync("uakt", LedgerAccounts.Issuance)));
        await market.AssertBooksCleanAsync();
    }

    private static async Task QuietlyAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            // Unknown outcome: the next one asks again.
        }
    }
}
