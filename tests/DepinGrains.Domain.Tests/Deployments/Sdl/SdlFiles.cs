using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>Where the SDL corpus and the vectors lie. The corpus is not part of the repository: it is read from <c>../shared/sdl</c> (or DEPIN_SHARED).</summary>
internal static class SdlFiles
{
    public static readonly string Repository = FindRepository();

    private static readonly string Shared = FindShared();

    public static string Sdl => Path.Combine(Shared, "sdl");

    public static string ChainSdkTool => Path.Combine(Repository, "tests", "tools", "chain-sdk");

    public static string Vector(string name) => Path.Combine(Repository, "tests", "vectors", "deployments", name);

    /// <summary>Skips the test where the corpus is absent; in CI that is a failure.</summary>
    public static void NeedCorpus()
    {
        if (!Directory.Exists(Sdl))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") is null, $"The SDL corpus is missing: {Sdl}");
            Assert.Skip($"skipped: needs the SDL corpus at {Sdl}");
        }
    }

    /// <summary>Every SDL file below a folder of the corpus, by path.</summary>
    public static IReadOnlyList<string> All(string folder = "") =>
        [.. Directory.EnumerateFiles(Path.Combine(Sdl, folder), "*.y*ml", SearchOption.AllDirectories)
            .Where(f => !f.EndsWith(".schema.yaml", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    public static string Relative(string file) => Path.GetRelativePath(Sdl, file).Replace('\\', '/');

    /// <summary>The same value with keys sorted, so that two JSON texts can be compared as text.</summary>
    public static string Normal(string json, Func<string, JsonNode?, (string, JsonNode?)>? change = null)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            Write(writer, JsonNode.Parse(json), change);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? node, Func<string, JsonNode?, (string, JsonNode?)>? change)
    {
        switch (node)
        {
            case JsonObject map:
                writer.WriteStartObject();
                foreach (var (key, value) in map.Select(p => change?.Invoke(p.Key, p.Value) ?? (p.Key, p.Value)).OrderBy(p => p.Item1, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(key);
                    Write(writer, value, change);
                }

                writer.WriteEndObject();
                break;
            case JsonArray list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    Write(writer, item, change);
                }

                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }

    private static string FindRepository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "DepinGrains.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("DepinGrains.sln is not above the test's folder.");
    }

    private static string FindShared()
    {
        if (Environment.GetEnvironmentVariable("DEPIN_SHARED") is { Length: > 0 } given)
        {
            return given;
        }

        var beside = Path.GetFullPath(Path.Combine(Repository, "..", "shared"));
        return Directory.Exists(beside) || !Directory.Exists("/work/shared") ? beside : "/work/shared";
    }
}
