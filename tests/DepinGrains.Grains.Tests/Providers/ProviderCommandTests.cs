using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.Tests.Deployments;

namespace DepinGrains.Grains.Tests.Providers;

/// <summary>A command has one effect however often, and however late, it is sent (found by the simulation, seeds 133 and 297).</summary>
public sealed class ProviderCommandTests(Market market) : IClassFixture<Market>
{
    private readonly MarketRegion _r = market.NewRegion();

    private IProviderGrain Provider => market.Grains.GetGrain<IProviderGrain>(_r.Provider("p"));

    [Fact]
    public async Task A_profile_sent_again_late_does_not_undo_the_newer_one()
    {
        var (first, second) = (_r.NewOperation(), _r.NewOperation());
        var old = (await Provider.PutAsync(first, Profile("old"))).Require();
        (await Provider.PutAsync(second, Profile("new"))).Require();
        var again = (await Provider.PutAsync(first, Profile("old"))).Require();
        Assert.Equal((old.Profile.Name, old.Version), (again.Profile.Name, again.Version));
        Assert.Equal("new", (await Provider.GetAsync()).Require().Profile.Name);
        Assert.Equal("request.id_reused", (await Provider.PutAsync(first, Profile("other"))).Refusal!.Code);
    }

    [Fact]
    public async Task Maintenance_sent_again_late_does_not_begin_again()
    {
        (await Provider.PutAsync(_r.NewOperation(), Profile("p"))).Require();
        var on = _r.NewOperation();
        (await Provider.SetMaintenanceAsync(on, true)).Require();
        (await Provider.SetMaintenanceAsync(_r.NewOperation(), false)).Require();
        Assert.True((await Provider.SetMaintenanceAsync(on, true)).Require().Maintenance);
        Assert.False((await Provider.GetAsync()).Require().Maintenance);
    }

    private static ProviderProfile Profile(string name) => new(name, [new Fact("region", "eu")], null, "http://localhost");
}
