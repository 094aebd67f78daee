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

    public static void SilosAndPostgres()
    {
        Assert.SkipUnless(Orleans, "skipped: needs Microsoft.Orleans");
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
    }
}
