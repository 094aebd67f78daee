using System.Reflection;
using System.Text.Json.Nodes;
using DepinGrains.Agent.Options;
using Microsoft.Extensions.Configuration;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>Which settings the program of an image reads: the options classes of its assembly and of those it stands on, each bound to its section as the program does.</summary>
internal static class Settings
{
    private const string AgentPrefix = "DEPIN_AGENT__";

    /// <summary>Read by ASP.NET, .NET, the shell or the CLI instead of an options class.</summary>
    private static readonly string[] Known = ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "PATH", "DEPIN_KEY"];

    /// <summary>What is wrong with these variables; <paramref name="uses"/> is the text in which <c>$(NAME)</c> may use one.</summary>
    public static IEnumerable<string> Problems(string target, IReadOnlyDictionary<string, string> environment, string uses)
    {
        foreach (var (name, _) in environment.Where(v => !Known.Contains(v.Key) && !v.Key.Contains("__", StringComparison.Ordinal) && !uses.Contains($"$({v.Key})", StringComparison.Ordinal)))
        {
            yield return $"{target} does not read {name}";
        }

        var given = environment.Where(static v => v.Key.Contains("__", StringComparison.Ordinal));
        if (target == "agent")
        {
            var agent = given.Select(static v => KeyValuePair.Create(v.Key.StartsWith(AgentPrefix, StringComparison.Ordinal) ? v.Key[AgentPrefix.Length..] : "Unknown:" + v.Key, v.Value));
            if (Bind(Configuration(agent), typeof(AgentOptions)) is { } problem)
            {
                yield return $"{target}: {problem}";
            }

            yield break;
        }

        var classes = Classes(Assembly.Load(Dockerfile.Targets()[target]));
        foreach (var section in Configuration(given).GetChildren())
        {
            if (!classes.TryGetValue(section.Key, out var options))
            {
                yield return $"{target} has no options of section {section.Key}";
            }
            else if (Bind(section, options) is { } problem)
            {
                yield return $"{target}: {section.Key}: {problem}";
            }
        }
    }

    /// <summary>The text of a container's variables.</summary>
    public static string Text(JsonObject container) => container["env"]?.ToJsonString() ?? "";

    private static string? Bind(IConfiguration section, Type type)
    {
        try
        {
            _ = section.Get(type, static o => o.ErrorOnUnknownConfiguration = true);
            return null;
        }
        catch (InvalidOperationException unknown)
        {
            return unknown.Message;
        }
    }

    private static IConfigurationRoot Configuration(IEnumerable<KeyValuePair<string, string>> variables) =>
        new ConfigurationBuilder().AddInMemoryCollection(variables.Select(static v => KeyValuePair.Create(v.Key.Replace("__", ":", StringComparison.Ordinal), (string?)v.Value))).Build();

    /// <summary>Options classes by section, of an assembly of ours and of all of ours it stands on.</summary>
    private static Dictionary<string, Type> Classes(Assembly host)
    {
        var seen = new Dictionary<string, Assembly>(StringComparer.Ordinal);
        void Add(Assembly assembly)
        {
            if (seen.TryAdd(assembly.FullName!, assembly))
            {
                foreach (var below in assembly.GetReferencedAssemblies().Where(static a => a.Name!.StartsWith("DepinGrains", StringComparison.Ordinal)))
                {
                    Add(Assembly.Load(below));
                }
            }
        }

        Add(host);
        return seen.Values.SelectMany(static a => a.GetTypes()).Where(static t => t.IsClass)
            .Select(static t => (Section: t.GetField("Section", BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true } field ? field.GetRawConstantValue() as string : null, Type: t))
            .Where(static t => t.Section is not null).ToDictionary(static t => t.Section!, static t => t.Type, StringComparer.OrdinalIgnoreCase);
    }
}
