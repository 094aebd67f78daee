namespace DepinGrains.Simulation.Tests;

public sealed class SimulationTests
{
    [Fact]
    public void The_market_under_a_seed() => Assert.Skip("skipped: needs the Local build (-p:GrainRuntime=Local)");
}
