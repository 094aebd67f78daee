#if ORLEANS_RUNTIME
using DepinGrains.Grains.Ledgers;
using DepinGrains.Silo.Hosting;

namespace DepinGrains.Silos.Tests;

/// <summary>A silo with a kind of grain that has no place would not start: somebody who adds one learns it here, in a second.</summary>
public sealed class PlacementTests
{
    [Fact]
    public void EveryKindOfGrain_HasAPlaceChosen()
    {
        var kinds = typeof(LedgerGrain).Assembly.GetTypes().Where(static t => t is { IsClass: true, IsAbstract: false } && t.IsAssignableTo(typeof(Grain))).ToArray();
        Assert.NotEmpty(kinds);
        Assert.DoesNotContain(kinds, static kind => !GrainPlacements.IsChosen(kind));
    }
}
#endif
