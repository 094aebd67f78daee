using DepinGrains.Contracts.Network;
using DepinGrains.Contracts.Oracle;
using DepinGrains.Grains.Tests.Deployments;

namespace DepinGrains.Grains.Tests.Oracle;

/// <summary>One oracle, one story per fixture: who may post, the median, staleness, the guard.</summary>
public sealed class OracleTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    private IOracleGrain Oracle => market.Grains.GetGrain<IOracleGrain>(OracleKeys.Network);

    [Fact]
    public async Task The_price_is_the_median_of_fresh_feeders_and_goes_out_of_force_with_numbers()
    {
        Assert.Equal("oracle.feeder_not_allowed", (await PostAsync("id_stranger", "1")).Refusal!.Code);
        Assert.Equal("oracle.price_stale", (await Oracle.GetPriceAsync("uakt")).Refusal!.Code);
        Assert.Equal("configuration", (await Oracle.GetPriceAsync("uusdc")).Require().Source);
        foreach (var feeder in (string[])["id_a", "id_b", "id_c"])
        {
            (await Oracle.SetFeederAsync(_r.NewOperation(), feeder, true, "op")).Require();
        }

        await PostAsync("id_a", "2.00");
        await PostAsync("id_b", "2.10");
        Assert.Equal("2.09", (await PostAsync("id_c", "2.09")).Require().Usd);
        Assert.Equal("oracle.post_old", (await PostAsync("id_c", "2.08")).Refusal!.Code);
        Assert.Equal("oracle.token_unknown", (await Oracle.PostAsync(_r.NewOperation(), new PostPrice("uact", "id_a", "1", null))).Refusal!.Code);

        // One liar moves it no further than to an honest neighbour; two do, further than is believed at once: out of force.
        market.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("2.1", (await PostAsync("id_a", "900")).Require().Usd);
        var guarded = (await PostAsync("id_b", "4.18")).Require();
        Assert.Null(guarded.Usd);
        Assert.Equal("oracle.price_moved", guarded.Problem!.Code);
        Assert.Contains(guarded.Problem.Facts, static f => f is { Name: "moveBps", Value: "9904" });

        // The operator means the price it saw: another that came in meanwhile, or comes in before the request is sent again, is not confirmed by it.
        var differs = (await Oracle.ConfirmAsync(_r.NewOperation(), "uakt", "2.1", "op")).Refusal!;
        Assert.Equal("oracle.price_differs", differs.Code);
        Assert.Equal([("token", "uakt"), ("confirmed", "2.1"), ("now", "4.18")], differs.Facts.Select(static f => (f.Name, f.Value)));
        Assert.Equal("oracle.price_invalid", (await Oracle.ConfirmAsync(_r.NewOperation(), "uakt", "-1", "op")).Refusal!.Code);
        var confirm = _r.NewOperation();
        Assert.Equal("4.18", (await Oracle.ConfirmAsync(confirm, "uakt", "4.18", "op")).Require().Usd);
        market.Time.Advance(TimeSpan.FromMinutes(1));
        await PostAsync("id_c", "9");
        Assert.Equal("oracle.price_moved", (await PostAsync("id_b", "9")).Require().Problem!.Code);
        Assert.Equal("4.18", (await Oracle.ConfirmAsync(confirm, "uakt", "4.18", "op")).Require().Usd);
        Assert.Equal("oracle.price_moved", (await Oracle.GetPriceAsync("uakt")).Refusal!.Code);
        Assert.Equal("request.id_reused", (await Oracle.ConfirmAsync(confirm, "uakt", "9", "op")).Refusal!.Code);
        market.Time.Advance(TimeSpan.FromMinutes(1));
        await PostAsync("id_c", "2.09");
        await PostAsync("id_b", "4.18");

        market.Time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
        var stale = (await Oracle.GetPriceAsync("uakt")).Refusal!;
        Assert.Equal("oracle.price_stale", stale.Code);
        Assert.Contains(stale.Facts, static f => f is { Name: "fresh", Value: "0" });

        (await market.Grains.GetGrain<INetworkParametersGrain>(NetworkParameterKeys.Network).SetAsync(_r.NewOperation(), new SetParameter("oracle.feeders_min", 2, null, "op"))).Require();
        market.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("oracle.price_stale", (await PostAsync("id_a", "4.20")).Require().Problem!.Code);
        Assert.Equal("4.21", (await PostAsync("id_b", "4.22")).Require().Usd);
        (await Oracle.SetFeederAsync(_r.NewOperation(), "id_b", false, "op")).Require();
        Assert.Equal("oracle.price_stale", (await Oracle.GetPriceAsync("uakt")).Refusal!.Code);

        // The configured price is of before there were feeders: it does not come back when the last of them goes.
        (await Oracle.PostAsync(_r.NewOperation(), new PostPrice("uusdc", "id_a", "0.5", null))).Require();
        foreach (var feeder in (string[])["id_a", "id_c"])
        {
            (await Oracle.SetFeederAsync(_r.NewOperation(), feeder, false, "op")).Require();
        }

        Assert.Equal("oracle.price_stale", (await Oracle.GetPriceAsync("uusdc")).Refusal!.Code);
    }

    private Task<Contracts.Common.Result<PriceView>> PostAsync(string feeder, string usd) => Oracle.PostAsync(_r.NewOperation(), new PostPrice("uakt", feeder, usd, null));
}
