namespace DepinGrains.Simulation.Tests;

/// <summary>Seeds that once failed, named after what they found. The direct tests of the same bugs stand with the grains.</summary>
public sealed class OnceFailedTests
{
    [Theory]
    [InlineData(94, "a crash between suspending a lease and writing so left it suspended after a deposit")]
    [InlineData(122, "a report that came before the lease knew its workloads was acknowledged and lost")]
    [InlineData(150, "the same")]
    [InlineData(133, "a provider's profile sent again, late, undid the newer one")]
    [InlineData(297, "the same")]
    [InlineData(245, "a node whose answer to 'suspect' was lost stayed suspect though it beat")]
    [InlineData(269, "a reminder of a killed runtime was answered on a thread of the pool")]
    [InlineData(34, "a killed runtime left a stale double's callers without an answer")]
    [InlineData(210, "the same")]
    [InlineData(1071, "a crash between pausing a deployment and suspending its lease left the lease running on nothing")]
    [InlineData(1902, "a deposit refused while the deployment opened was taken when it was sent again")]
    [InlineData(387, "a double of a subnet that was overtaken met payments which were made and gone", Life.Subnets)]
    [InlineData(410, "a double of a subnet drew an epoch that was over", Life.Subnets)]
    [InlineData(467, "a subnet that made room after a crash between drawing and deciding left what it had drawn in its account", Life.Subnets)]
    [InlineData(747, "an epoch of a block that the emission's clock did not know yet was an exception", Life.Subnets)]
    public void A_seed_that_once_failed_is_clean(int seed, string what, Life life = Life.Market)
    {
        var result = SimulationRunner.Run(new SimulationSettings((ulong)seed, Life: life));
        Assert.True(result.IsClean, what + Environment.NewLine + result.Report());
    }
}
