using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;

namespace DepinGrains.Domain.Deployments.Sdl;

public static partial class ManifestJson
{
    /// <summary>Bytes of a manifest that are read.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    /// <summary>
    /// Reads a manifest, canonical or not: order and space do not matter, unknown members are refused. Refusals: <c>manifest.too_large</c>, <c>manifest.bad_json</c>.
    /// What it says is not checked here; that is <see cref="ManifestFit"/>.
    /// </summary>
    public static Result<DeploymentManifest> Read(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            return Refusal.Of("manifest.too_large", $"The manifest has {utf8.Length} bytes; at most {MaxBytes} are read.", ("bytes", utf8.Length), ("max", MaxBytes));
        }

        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { MaxDepth = 16 });
            return new DeploymentManifest(Array(document.RootElement, g =>
            {
                Only(g, "name", "services");
                return new ManifestGroup(Text(g, "name"), Array(g.GetProperty("services"), ReadService));
            }));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // The message of the library may quote the text, which holds secrets; ours does not.
            var where = e is JsonException { LineNumber: { } line, BytePositionInLine: { } position } ? $" near line {line + 1}, byte {position}" : "";
            return Refusal.Of("manifest.bad_json", e is ManifestShapeException ? $"The manifest's JSON is not of the expected shape: {e.Message}" : $"The manifest is not the expected JSON{where}.");
        }
    }

    private static ManifestService ReadService(JsonElement json)
    {
        Only(json, "args", "command", "count", "credentials", "env", "expose", "image", "name", "params", "resources");
        return new ManifestService(
            Text(json, "name"),
            Text(json, "image"),
            Texts(json, "command"),
            Texts(json, "args"),
            Texts(json, "env"),
            ReadResources(json.GetProperty("resources")),
            json.GetProperty("count").GetInt64(),
            Array(json.GetProperty("expose"), ReadExpose),
            Optional(json, "params") is { } given ? ReadParams(given) : null,
            Optional(json, "credentials") is { } secret ? ReadCredentials(secret) : null);
    }

    private static ManifestCredentials ReadCredentials(JsonElement json)
    {
        Only(json, "email", "host", "password", "username");
        return new ManifestCredentials(Text(json, "host"), Text(json, "email"), Text(json, "username"), Text(json, "password"));
    }

    private static ManifestExpose ReadExpose(JsonElement json)
    {
        Only(json, "endpointSequenceNumber", "externalPort", "global", "hosts", "httpOptions", "ip", "port", "proto", "service");
        var http = json.GetProperty("httpOptions");
        Only(http, "maxBodySize", "nextCases", "nextTimeout", "nextTries", "proxyBufferSize", "readTimeout", "sendTimeout");
        return new ManifestExpose(
            json.GetProperty("port").GetInt32(),
            json.GetProperty("externalPort").GetInt32(),
            Text(json, "proto"),
            Text(json, "service"),
            json.GetProperty("global").GetBoolean(),
            Texts(json, "hosts"),
            new ManifestHttpOptions(
                http.GetProperty("maxBodySize").GetInt64(),
                http.GetProperty("readTimeout").GetInt64(),
                http.GetProperty("sendTimeout").GetInt64(),
                http.GetProperty("nextTries").GetInt64(),
                http.GetProperty("nextTimeout").GetInt64(),
                Texts(http, "nextCases"),
                Optional(http, "proxyBufferSize")?.GetInt64() ?? 0),
            Text(json, "ip"),
            json.GetProperty("endpointSequenceNumber").GetInt32());
    }

    private static ManifestParams ReadParams(JsonElement json)
    {
        Only(json, "permissions", "storage", "tee");
        ManifestPermissions? permissions = null;
        if (Optional(json, "permissions") is { } allowed)
        {
            Only(allowed, "read");
            permissions = new ManifestPermissions(Texts(allowed, "read"));
        }

        string? type = null;
        if (Optional(json, "tee") is { } tee)
        {
            Only(tee, "attestation", "type");
            type = Text(tee, "type");
        }

        var mounts = Optional(json, "storage") is { } storage
            ? Array(storage, m =>
            {
                Only(m, "mount", "name", "readOnly");
                return new ManifestMount(Text(m, "name"), Text(m, "mount"), m.GetProperty("readOnly").GetBoolean());
            })
            : [];
        return new ManifestParams(mounts, permissions, type);
    }

    private static ManifestResources ReadResources(JsonElement json)
    {
        Only(json, "cpu", "endpoints", "gpu", "id", "memory", "storage");
        var (cpu, gpu, memory) = (json.GetProperty("cpu"), json.GetProperty("gpu"), json.GetProperty("memory"));
        Only(cpu, "attributes", "units");
        Only(gpu, "attributes", "units");
        Only(memory, "size");
        return new ManifestResources(
            json.GetProperty("id").GetInt32(),
            Amount(cpu, "units"),
            ReadAttributes(cpu),
            Amount(memory, "size"),
            Array(json.GetProperty("storage"), v =>
            {
                Only(v, "attributes", "name", "size");
                return new ManifestVolume(Text(v, "name"), Amount(v, "size"), ReadAttributes(v));
            }),
            Amount(gpu, "units"),
            ReadAttributes(gpu),
            Array(json.GetProperty("endpoints"), e =>
            {
                Only(e, "kind", "sequence_number");
                var kind = Optional(e, "kind")?.GetInt32() ?? 0;
                return kind is < 0 or > 2 ? throw new ManifestShapeException($"endpoint kind {kind}") : new SpecEndpoint((EndpointKind)kind, e.GetProperty("sequence_number").GetInt32());
            }));
    }

    private static ImmutableArray<SpecAttribute> ReadAttributes(JsonElement json) => Optional(json, "attributes") is not { } list ? [] : Array(list, a =>
    {
        Only(a, "key", "value");
        return new SpecAttribute(Text(a, "key"), Text(a, "value"));
    });

    private static string Amount(JsonElement json, string name)
    {
        var value = json.GetProperty(name);
        Only(value, "val");
        return Text(value, "val");
    }

    private static string Text(JsonElement json, string name) =>
        json.GetProperty(name).GetString() is { } text && !text.Contains('\0', StringComparison.Ordinal) ? text : throw new ManifestShapeException($"\"{name}\" must be a text without U+0000");

    private static ImmutableArray<string> Texts(JsonElement json, string name) =>
        Optional(json, name) is not { } list ? [] : Array(list, item =>
            item.GetString() is { } text && !text.Contains('\0', StringComparison.Ordinal) ? text : throw new ManifestShapeException($"\"{name}\" must hold texts without U+0000"));

    private static JsonElement? Optional(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static ImmutableArray<T> Array<T>(JsonElement json, Func<JsonElement, T> read)
    {
        var list = ImmutableArray.CreateBuilder<T>(json.GetArrayLength());
        foreach (var item in json.EnumerateArray())
        {
            list.Add(read(item));
        }

        return list.ToImmutable();
    }

    private static void Only(JsonElement json, params ReadOnlySpan<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            if (!names.Contains(member.Name) || !seen.Add(member.Name))
            {
                throw new ManifestShapeException($"member \"{Reading.SdlSource.Clip(member.Name)}\" is unknown or given twice");
            }
        }
    }

    private sealed class ManifestShapeException(string message) : FormatException(message);
}
