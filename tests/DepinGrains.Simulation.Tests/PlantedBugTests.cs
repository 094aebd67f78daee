namespace DepinGrains.Simulation.Tests;

/// <summary>The harness finds what it is there for. The same seeds are clean without the bug (<see cref="SeedTests"/>).</summary>
public sealed class PlantedBugTests
{
    /// <summary>Seeds within which each must be found; unchecked versions are the rarest, since activations that are behind mostly leave by themselves.</summary>
    private const int SeedsMax = 200;

    [Theory]
    [InlineData(PlantedBug.NoVersionCheck)]
    [InlineData(PlantedBug.ForgottenCommit)]
    [InlineData(PlantedBug.PaidTwice)]
    public void A_planted_bug_is_found_within_200_seeds(PlantedBug bug)
    {
        for (var seed = 1UL; seed <= SeedsMax; seed++)
        {
            var result = SimulationRunner.Run(new SimulationSettings(seed, Bug: bug));
            if (!result.IsClean)
            {
                Assert.Contains($"--seed {seed}", result.Report(), StringComparison.Ordinal);
                Assert.InRange(result.LastLines.Count, 1, 30);
                return;
            }
        }

        Assert.Fail($"{bug} was not found within {SeedsMax} seeds");
    }
}
