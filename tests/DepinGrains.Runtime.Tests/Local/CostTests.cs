using DepinGrains.Runtime.Tests.Grains;
using DepinGrains.Runtime.Tests.Hosting;

namespace DepinGrains.Runtime.Tests.Local;

[Collection(nameof(CostTests))]
[CollectionDefinition(nameof(CostTests), DisableParallelization = true)]
public sealed class CostTests
{
    [Fact]
    public async Task A_hundred_callers_are_served_alike()
    {
        await using var host = await RuntimeHost.StartAsync();
        var counts = new long[100];
        var start = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, counts.Length).Select(caller => Task.Run(async () =>
        {
            var grain = host.Grains.GetGrain<ISchedulerGrain>(caller % 10);
            while (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(1))
            {
                await grain.AddAsync(1, 2);
                counts[caller]++;
            }
        })));

        // Of a hundred callers the machine may start some late: the tenth from either end is what the runtime makes of them.
        Array.Sort(counts);
        Assert.True(counts[89] < 3 * counts[10], $"{counts[10]} to {counts[89]} calls");
    }

    [Fact]
    public async Task An_idle_activation_takes_less_than_two_kilobytes()
    {
        const int Grains = 20_000;
        await using var host = await RuntimeHost.StartAsync();
        await host.Grains.GetGrain<INumberedGrain>(-1).Key();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Grains; i++)
        {
            await host.Grains.GetGrain<INumberedGrain>(i).Key();
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Grains;
        Assert.True(each < 2048, $"{each} bytes each");
    }
}
