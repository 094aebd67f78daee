namespace DepinGrains.Tidy.Tests;

/// <summary>The checkout these tests were built from.</summary>
internal static class Repository
{
    /// <summary>Set to 1, golden files are rewritten instead of compared; see <c>eng/accept</c>.</summary>
    public const string AcceptVariable = "DEPIN_ACCEPT";

    public static readonly string Root = Find();

    public static bool Accepts => Environment.GetEnvironmentVariable(AcceptVariable) == "1";

    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>Hand-written C# under a folder.</summary>
    public static string[] Sources(string folder)
    {
        var separator = Path.DirectorySeparatorChar;
        return [.. Directory.GetFiles(At(folder), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{separator}obj{separator}", StringComparison.Ordinal) && !path.Contains($"{separator}bin{separator}", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Fails with all of them, one a line.</summary>
    public static void AssertNone(IEnumerable<string?> problems)
    {
        var text = string.Join('\n', problems);
        Assert.True(text.Length == 0, text);
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("DepinGrains.sln is not above the tests");
        }

        return folder.FullName;
    }
}
