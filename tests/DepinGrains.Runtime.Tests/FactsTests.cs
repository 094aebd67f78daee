#if ORLEANS_RUNTIME
using System.Reflection;
#endif

namespace DepinGrains.Runtime.Tests;

/// <summary>
/// OrleansFacts.txt lists every Orleans member that grain code may use. Local has exactly these, Orleans has at least these. After a wanted change of
/// Local, run the Local build's test once with DEPIN_WRITE_FACTS=1, then the Orleans build's.
/// </summary>
public sealed class FactsTests
{
    private static string[] Written => File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "OrleansFacts.txt"));

#if LOCAL_RUNTIME
    [Fact]
    public void Local_has_exactly_the_surface_written_down()
    {
        var actual = Facts.Describe(typeof(DepinGrains.LocalRuntime.LocalGrainRuntime).Assembly.GetExportedTypes()
            .Where(t => (t.Namespace ?? "").Split('.')[0] == "Orleans")).ToArray();
        if (Environment.GetEnvironmentVariable("DEPIN_WRITE_FACTS") == "1")
        {
            File.WriteAllLines(Path.Combine(SourceFolder(), "OrleansFacts.txt"), actual);
            return;
        }

        Assert.Equal(Written, actual);
    }

    private static string SourceFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DepinGrains.Runtime.Tests.csproj")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
#else
    [Fact]
    public void Orleans_has_all_that_is_written_down()
    {
        var real = Directory.GetFiles(AppContext.BaseDirectory, "Orleans*.dll")
            .SelectMany(file => Assembly.LoadFrom(file).GetExportedTypes())
            .SelectMany(Facts.Describe)
            .ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(Written);
        Assert.Equal("", string.Join(Environment.NewLine, Written.Except(real, StringComparer.Ordinal)));
    }
#endif
}
