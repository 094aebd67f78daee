using System.Text.RegularExpressions;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>What the Dockerfile says.</summary>
internal static partial class Dockerfile
{
    /// <summary>Project of each target; the targets are the stages that start something.</summary>
    public static Dictionary<string, string> Targets() =>
        Stages().Where(static s => s.Text.Contains("\nENTRYPOINT", StringComparison.Ordinal)).ToDictionary(static s => s.Name, static s => Entry().Match(s.Text).Groups[1].Value);

    /// <summary>Variables that a target sets itself.</summary>
    public static Dictionary<string, string> Environment(string target)
    {
        var stage = Stages().Single(s => s.Name == target).Text.Replace("\\\n", " ", StringComparison.Ordinal);
        return stage.Split('\n').Where(static l => l.StartsWith("ENV ", StringComparison.Ordinal))
            .SelectMany(static l => l[4..].Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(static v => v.Split('=', 2)).ToDictionary(static v => v[0], static v => v[1]);
    }

    public static bool RunsAsUser(string target) => Stages().Single(s => s.Name == target).Text.Contains("\nUSER $APP_UID\n", StringComparison.Ordinal);

    /// <summary>All C# of a target's host and of what the hosts share.</summary>
    public static string SourcesOf(string target) => string.Concat(((string[])[Targets()[target], "DepinGrains.ServiceDefaults"])
        .SelectMany(static p => Directory.GetFiles(Repository.At("src", p), "*.cs", SearchOption.AllDirectories)).Where(static f => !f.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));

    private static IEnumerable<(string Name, string Text)> Stages() =>
        File.ReadAllText(Repository.At("Dockerfile")).Split("\nFROM ").Skip(1).Select(static s => (StageName().Match(s).Groups[1].Value, s));

    [GeneratedRegex(@" AS (\S+)")]
    private static partial Regex StageName();

    [GeneratedRegex(@"ENTRYPOINT \[""dotnet"", ""(.+)\.dll""\]")]
    private static partial Regex Entry();
}
