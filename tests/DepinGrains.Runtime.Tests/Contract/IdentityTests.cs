using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;
using Orleans.Runtime;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class IdentityTests(StandardHost standard) : IClassFixture<StandardHost>
{
    private IGrainFactory Grains => standard.Host.Grains;

    [Theory]
    [InlineData(0, "numbered-v2/0")]
    [InlineData(255, "numbered-v2/FF")]
    [InlineData(-1, "numbered-v2/FFFFFFFFFFFFFFFF")]
    [InlineData(long.MaxValue, "numbered-v2/7FFFFFFFFFFFFFFF")]
    public async Task A_numbers_identity_is_written_in_hexadecimal_behind_the_grain_type(long key, string expected)
    {
        var grain = Grains.GetGrain<INumberedGrain>(key);
        Assert.Equal(expected, await grain.Identity().Soon());
        Assert.Equal(key, await grain.Key().Soon());
        Assert.Equal(expected, grain.GetGrainId().ToString());
        Assert.Equal(key, grain.GetPrimaryKeyLong());
    }

    [Fact]
    public async Task Two_references_to_one_grain_are_equal()
    {
        Assert.Equal(Grains.GetGrain<INumberedGrain>(7), Grains.GetGrain<INumberedGrain>(7));
        Assert.NotEqual(Grains.GetGrain<INumberedGrain>(7), Grains.GetGrain<INumberedGrain>(8));
        Assert.True(await Grains.GetGrain<INumberedGrain>(7).SameAs(Grains.GetGrain<INumberedGrain>(7)).Soon());
    }

    [Fact]
    public async Task A_grain_can_be_reached_by_its_identity_and_by_its_other_interface()
    {
        Assert.Equal("numbered-v2/9", await Grains.GetGrain<INumberedGrain>(GrainId.Parse("numbered-v2/9")).Identity().Soon());
        Assert.Equal("other face", await Grains.GetGrain<INumberedGrain>(9).AsReference<IOtherFace>().Other().Soon());
        Assert.Equal("other face", await Grains.GetGrain<IOtherFace>(9).Other().Soon());
    }

    [Fact]
    public async Task Interfaces_and_classes_may_be_internal() => Assert.Equal("a/b c", await Grains.GetGrain<IHiddenGrain>("a/b c").Key().Soon());

    [Fact]
    public async Task A_stateless_worker_works_on_several_calls_at_once()
    {
        var grain = Grains.GetGrain<IWorkerGrain>(0);
        var board = Board.Of("workers");
        var one = grain.Work("one");
        await board.Until("one starts");
        var two = grain.Work("two");
        await board.Until("two starts");
        board.Open("one");
        board.Open("two");
        await Task.WhenAll(one, two).Soon();
    }

    [Fact]
    public void An_identity_is_parsed_from_its_text()
    {
        var id = GrainId.Parse("lease/a/b");
        Assert.Equal("lease", id.Type.ToString());
        Assert.Equal("a/b", id.Key.ToString());
        Assert.Equal(GrainId.Create("lease", "a/b"), id);
        Assert.True(default(GrainId).IsDefault);
        Assert.ThrowsAny<ArgumentException>(() => GrainId.Parse("no-slash"));
        Assert.ThrowsAny<ArgumentException>(() => GrainId.Create("lease", " "));
    }
}
