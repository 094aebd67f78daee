using System.Text.Json.Nodes;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>Bodies as the OpenAPI document describes them.</summary>
internal static class ApiSamples
{
    /// <summary>A body of the schema with something in every field; <paramref name="id"/> where an identity is asked for.</summary>
    public static JsonNode Body(JsonObject document, JsonNode schema, string id) => Sample(document, schema, "", id, 0);

    private static JsonNode Sample(JsonObject document, JsonNode schema, string name, string id, int depth)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            return Sample(document, document["components"]!["schemas"]![reference.Split('/')[^1]]!, name, id, depth);
        }

        if ((schema["oneOf"] ?? schema["anyOf"])?.AsArray() is { } choices)
        {
            return Sample(document, choices.First(static c => (string?)c!["type"] != "null")!, name, id, depth);
        }

        if (schema["enum"]?.AsArray() is { Count: > 0 } values)
        {
            return values.First(static v => v is not null)!.DeepClone();
        }

        var type = schema["type"] is JsonArray types ? types.Select(static t => (string?)t).First(static t => t != "null") : (string?)schema["type"];
        return type switch
        {
            "object" when schema["properties"] is JsonObject properties && depth < 8 =>
                new JsonObject(properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Sample(document, p.Value!, p.Key, id, depth + 1)))),
            "object" when schema["additionalProperties"] is JsonObject inner => new JsonObject { ["key"] = Sample(document, inner, name, id, depth + 1) },
            "object" => new JsonObject(),
            "array" when schema["items"] is { } items && depth < 8 => new JsonArray(Sample(document, items, name, id, depth + 1)),
            "array" => new JsonArray(),
            "integer" or "number" => JsonValue.Create(Math.Max(1, (long?)schema["minimum"]?.GetValue<double>() ?? 1)),
            "boolean" => JsonValue.Create(true),
            _ => JsonValue.Create(Text(name, id))!,
        };
    }

    private static string Text(string name, string id) => name switch
    {
        "sdl" => File.ReadAllText(Path.Combine(Repository(), "samples", "hello-native.yaml")),
        "to" or "provider" => id,
        "denom" => "uact",
        "dseq" => "77",
        "price" or "cpuUsd" or "memoryUsd" or "endpointUsd" or "ipUsd" or "storageUsd" or "gpuUsd" => "1.5",
        "expiresAt" => "2027-01-01T00:00:00Z",
        "scopes" => "leases:read",
        _ => "text",
    };

    public static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("DepinGrains.sln is not above the tests");
        }

        return folder.FullName;
    }
}
