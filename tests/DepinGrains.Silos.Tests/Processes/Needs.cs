using DepinGrains.Testing;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>What the suite needs and a machine may lack.</summary>
internal static class Needs
{
#if ORLEANS_RUNTIME
    public const bool Orleans = true;
#else
    public const bool Orleans = false;
#endif

    /// <summary>For what takes minutes and all of the machine: <c>.ci/run</c> asks for it by itself, when the other tests are done.</summary>
    public static void AskedFor() =>
        Assert.SkipUnless(Environment.GetEnvironmentVariable("DEPIN_SILOS") is "1" or "aims", "skipped: needs DEPIN_SILOS=1 (takes minutes and all of the machine)");

    /// <summary>Whether times are held to what the product aims at, not only to what shows that it works on whatever machine this is.</summary>
    public static bool Aims => Environment.GetEnvironmentVariable("DEPIN_SILOS") == "aims";

    public static void SilosAndPostgres()
    {
        Assert.SkipUnless(Orleans, "skipped: needs Microsoft.Orleans");
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
    }
}
