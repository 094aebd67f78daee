using DepinGrains.Contracts.Deployments;
using DepinGrains.Contracts.Network;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Network;

/// <summary>Parameters hold from their instant on, for readers too. Each test names a token of its own where it can.</summary>
public sealed class ParameterTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    private INetworkParametersGrain Parameters => market.Grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network);

    [Fact]
    public async Task A_minimum_deposit_holds_from_its_instant_on_and_not_before()
    {
        await _r.MintAsync(_r.Tenant, MarketRegion.Purse);
        var set = (await Parameters.SetAsync(_r.NewOperation(), new SetParameter("deployment.min_deposit.uact", 2_000_000, market.Time.GetUtcNow().AddHours(1), "op"))).Require();
        Assert.Equal(market.Time.GetUtcNow().AddHours(1), set.EffectiveAt);
        (await _r.Deployment.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest))).Require();
        market.Time.Advance(TimeSpan.FromHours(1));
        var other = market.Grains.GetGrain<IDeploymentGrain>(_r.Tenant + "/2");
        var refused = (await other.CreateAsync(new CreateDeployment(_r.NewOperation(), _r.Tenant, _r.Sdl(), 1_000_000, WinnerRule.Lowest))).Refusal!;
        Assert.Equal("deployment.deposit_too_small", refused.Code);
        Assert.Contains(refused.Facts, static f => f is { Name: "minimum", Value: "2000000" });
    }

    [Fact]
    public async Task Now_means_one_notice_from_now_and_the_same_operation_answers_alike()
    {
        var operation = _r.NewOperation();
        var command = new SetParameter("bid.deposit.uusdc", 7, null, "op");
        var first = (await Parameters.SetAsync(operation, command)).Require();
        market.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(first, (await Parameters.SetAsync(operation, command)).Require());
        Assert.Equal(TimeSpan.FromSeconds(5), first.EffectiveAt - first.SetAt);
        Assert.Equal("request.id_reused", (await Parameters.SetAsync(operation, command with { Value = 8 })).Refusal!.Code);
    }

    [Theory]
    [InlineData("no.such", 1, "parameter.unknown")]
    [InlineData("take_fee", 1, "parameter.unknown")]
    [InlineData("take_fee.UAKT", 1, "parameter.unknown")]
    [InlineData("take_fee.uakt", 10_001, "parameter.out_of_range")]
    [InlineData("take_fee.uakt", -1, "parameter.out_of_range")]
    [InlineData("oracle.feeders_min", 0, "parameter.out_of_range")]
    public async Task What_is_no_parameter_or_out_of_range_is_refused(string name, long value, string code) =>
        Assert.Equal(code, (await Parameters.SetAsync(_r.NewOperation(), new SetParameter(name, value, null, "op"))).Refusal!.Code);

    [Fact]
    public async Task The_past_is_refused() => Assert.Equal(
        "parameter.time_past", (await Parameters.SetAsync(_r.NewOperation(), new SetParameter("take_fee.uakt", 1, market.Time.GetUtcNow().AddSeconds(-1), "op"))).Refusal!.Code);

    [Theory]
    [InlineData(StoreFault.FailBefore)]
    [InlineData(StoreFault.AmbiguousAfter)]
    public async Task A_lost_commit_changes_a_parameter_once(StoreFault fault)
    {
        var lost = false;
        market.Store.Fault = point => point is { Call: StoreCall.Commit, Subject: "network" } && !lost && (lost = true) ? fault : StoreFault.None;
        try
        {
            var operation = _r.NewOperation();
            var first = await MarketRegion.AgainAsync(async () => (await Parameters.SetAsync(operation, new SetParameter("take_fee.uusdc", 1_900, null, "op"))).Require());
            var next = (await Parameters.SetAsync(_r.NewOperation(), new SetParameter("take_fee.uusdc", 2_000, null, "op"))).Require();
            Assert.Equal(first.Ordinal + 1, next.Ordinal);
        }
        finally
        {
            market.Store.Fault = null;
        }
    }
}
