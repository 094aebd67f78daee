using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class RequestContextTests(StandardHost standard) : IClassFixture<StandardHost>
{
    private IContextGrain Grain(string key) => standard.Host.Grains.GetGrain<IContextGrain>(key);

    [Fact]
    public async Task Values_travel_along_the_whole_chain()
    {
        RequestContext.Set("tenant", "anna");
        Assert.Equal("anna", await Grain("a").Read("tenant").Soon());
        Assert.Equal("anna", await Grain("a").ReadVia("b", "tenant").Soon());
        RequestContext.Clear();
        Assert.Null(await Grain("a").Read("tenant").Soon());
    }

    [Fact]
    public async Task What_a_callee_sets_neither_comes_back_nor_stays_behind()
    {
        await Grain("c").Set("leak", "x").Soon();
        Assert.Null(RequestContext.Get("leak"));
        Assert.Null(await Grain("c").Read("leak").Soon());
        Assert.Null(await Grain("c").ReadVia("d", "leak").Soon());
    }

    [Fact]
    public void Values_are_set_listed_and_removed()
    {
        RequestContext.Set("one", 1);
        RequestContext.Set("two", 2);
        Assert.Equal(["one", "two"], RequestContext.Keys.Order());
        Assert.True(RequestContext.Remove("one"));
        Assert.False(RequestContext.Remove("one"));
        Assert.Equal(2, RequestContext.Get("two"));
        RequestContext.Clear();
        Assert.Empty(RequestContext.Keys);
    }
}
