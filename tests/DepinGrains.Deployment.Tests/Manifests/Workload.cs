using System.Text.Json.Nodes;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>Something that makes pods, and what the rules ask about it.</summary>
internal sealed record Workload(string Kind, string Name, JsonObject Object, JsonObject Template)
{
    public JsonObject Spec => (JsonObject)Template["spec"]!;

    public IReadOnlyDictionary<string, string> Labels => Map(Template["metadata"]?["labels"]);

    public IEnumerable<JsonObject> Containers => Spec["containers"]!.AsArray().Concat(Spec["initContainers"]?.AsArray() ?? []).Cast<JsonObject>();

    /// <summary>(name, number) of every container port.</summary>
    public IEnumerable<(string Name, long Number)> Ports => Containers.SelectMany(static c => c["ports"]?.AsArray() ?? []).Select(static p => ((string?)p!["name"] ?? "", (long)p["containerPort"]!));

    /// <summary>True when the pods have a port of this name or number.</summary>
    public bool HasPort(JsonNode? port) => port is JsonValue value && (value.TryGetValue<long>(out var number) ? Ports.Any(p => p.Number == number) : Ports.Any(p => p.Name == (string?)value));

    /// <summary>True when the pods carry all these labels; an empty selector takes every pod.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> selector) => selector.All(s => Labels.TryGetValue(s.Key, out var value) && value == s.Value);

    public override string ToString() => $"{Kind} {Name}";

    public static IReadOnlyList<Workload> Of(IEnumerable<JsonObject> objects) =>
        [.. objects.Where(static o => o["spec"]?["template"] is JsonObject).Select(static o => new Workload(Kinds.Of(o), Kinds.Name(o), o, (JsonObject)o["spec"]!["template"]!))];

    /// <summary>A map of texts; null is empty.</summary>
    public static Dictionary<string, string> Map(JsonNode? node) => (node as JsonObject ?? []).ToDictionary(static p => p.Key, static p => p.Value?.ToString() ?? "");
}

/// <summary>What every object has.</summary>
internal static class Kinds
{
    public static string Of(JsonObject o) => (string?)o["kind"] ?? "";

    public static string Name(JsonObject o) => (string?)o["metadata"]?["name"] ?? "";

    public static IEnumerable<JsonObject> Of(IEnumerable<JsonObject> objects, string kind) => objects.Where(o => Of(o) == kind);
}
