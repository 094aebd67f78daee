using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace DepinGrains.Runtime.Tests.Contract;

public sealed class StateTests(StandardHost standard) : IClassFixture<StandardHost>
{
    private ICounterGrain Grain(string key) => standard.Host.Grains.GetGrain<ICounterGrain>(key);

    [Fact]
    public async Task State_starts_empty_is_written_and_cleared()
    {
        var grain = Grain("fresh");
        Assert.False(await grain.Exists());
        Assert.Equal(3, await grain.Add(3));
        Assert.True(await grain.Exists());
        Assert.Equal(5, await grain.Add(2));
        await grain.Clear();
        Assert.False(await grain.Exists());
        Assert.Equal(0, await grain.Get());
    }

    [Fact]
    public async Task State_is_read_before_the_grain_is_activated()
    {
        standard.Storage.Overwrite(GrainId.Create("counter", "stored"), "counter", new CounterState { Value = 40 });
        Assert.Equal(40, await Grain("stored").Get());
        Assert.True(await Grain("stored").Exists());
    }

    [Fact]
    public async Task A_version_conflict_reaches_the_caller_and_the_next_activation_reads_afresh()
    {
        var grain = Grain("conflict");
        await grain.Add(1);
        var first = await grain.Instance();
        standard.Storage.Overwrite(GrainId.Create("counter", "conflict"), "counter", new CounterState { Value = 10 });
        await Assert.ThrowsAsync<InconsistentStateException>(() => grain.Add(1).Soon());
        await Eventually.TrueAsync(async () => await grain.Instance() != first, "a new activation");
        Assert.Equal(11, await grain.Add(1));
    }

    [Fact]
    public async Task A_version_conflict_of_another_grain_does_not_end_the_one_it_passes_through()
    {
        var (middle, target) = (Grain("middle"), Grain("target"));
        await target.Add(1);
        var instance = await middle.Instance();
        standard.Storage.Overwrite(GrainId.Create("counter", "target"), "counter", new CounterState { Value = 10 });
        await Assert.ThrowsAsync<InconsistentStateException>(() => middle.AddVia("target", 1).Soon());
        Assert.Equal(instance, await middle.Instance());
        await Eventually.TrueAsync(async () => await target.Get() == 10, "the target reads afresh");
        Assert.Equal(instance, await middle.Instance());
    }
}
