using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Monitoring.Tests.Grafana;

/// <summary>What operators are given, and what the machine needs to check it.</summary>
internal static class Files
{
    public const string Promtool = "/usr/bin/promtool";
    public const string Prometheus = "/usr/bin/prometheus";

    public static string Folder => At("grafana");

    public static string Alerts => At("grafana", "prometheus", "alerts.yaml");

    public static string AlertTests => At("grafana", "prometheus", "alerts.test.yaml");

    public static IEnumerable<string> Dashboards => Directory.GetFiles(At("grafana", "dashboards"), "*.json").Order(StringComparer.Ordinal);

    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Programs.Repository, .. parts]);

    /// <summary>A folder of <c>../shared</c> (or DEPIN_SHARED), which is not part of the repository; null: not here.</summary>
    public static string? Shared(params string[] parts)
    {
        var beside = Path.GetFullPath(At("..", "shared"));
        string[] folders = [Environment.GetEnvironmentVariable("DEPIN_SHARED") ?? beside, beside, "/work/shared"];
        return folders.Select(f => Path.Combine([f, .. parts])).FirstOrDefault(Path.Exists);
    }

    /// <summary>CI has it or fails; elsewhere the test says what is missing.</summary>
    public static void Need(bool there, string what)
    {
        Assert.True(there || Environment.GetEnvironmentVariable("CI") is not { Length: > 0 }, $"CI needs {what}");
        Assert.SkipUnless(there, $"skipped: needs {what}");
    }
}
