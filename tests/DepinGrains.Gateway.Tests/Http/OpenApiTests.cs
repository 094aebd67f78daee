using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>The API is what its document says; the document changes on purpose only.</summary>
public sealed class OpenApiTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task OpenApi_IsTheOneWrittenDown()
    {
        var golden = Path.Combine(Folder(), "openapi.v1.json");
        var now = (await DocumentAsync()).ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("DEPIN_ACCEPT") == "1")
        {
            await File.WriteAllTextAsync(golden, now);
        }

        var before = File.Exists(golden) ? await File.ReadAllTextAsync(golden) : "";
        var gone = before.Split('\n').Except(now.Split('\n')).Take(40).ToArray();
        var come = now.Split('\n').Except(before.Split('\n')).Take(40).ToArray();
        Assert.True(
            before == now,
            $"the HTTP API changed.\n{string.Join('\n', gone.Select(static l => "- " + l).Concat(come.Select(static l => "+ " + l)))}\nClients read this document: do not take away what they use. Accept the change with: eng/accept");
    }

    [Fact]
    public async Task EveryOperation_HasAName_ASummary_ErrorsAsProblems_AndEveryPostItsIdempotencyKey()
    {
        var problems = new List<string>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, item) in (await DocumentAsync())["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject())
            {
                var what = $"{method.ToUpperInvariant()} {path}";
                var name = (string?)operation!["operationId"];
                if (name is null || !names.Add(name))
                {
                    problems.Add($"{what}: operationId {name ?? "missing"}, or used twice");
                }

                if (string.IsNullOrWhiteSpace((string?)operation["summary"]))
                {
                    problems.Add($"{what}: no summary");
                }

                var errors = operation["responses"]!.AsObject().Where(static r => r.Key[0] is '4' or '5').ToArray();
                var openAi = path.StartsWith("/v1/openai/", StringComparison.Ordinal);
                var media = openAi ? "application/json" : "application/problem+json";
                if (errors.Length < 3 || errors.Any(e => e.Value!["content"]?[media] is null))
                {
                    problems.Add($"{what}: errors {string.Join(", ", errors.Select(static e => e.Key))} are not all documented as {media}");
                }

                if (method == "post" && !openAi && operation["parameters"]?.AsArray().Any(static p => (string?)p!["name"] == "Idempotency-Key" && (bool)p["required"]!) is not true)
                {
                    problems.Add($"{what}: no Idempotency-Key");
                }
            }
        }

        Assert.True(names.Count > 20, $"{names.Count} operations");
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    [Fact]
    public async Task EveryOperation_IsSummedUpInItsEndpointsWords_NotInTheHandlersComment()
    {
        await using var host = await FullHost.StartAsync();
        var document = JsonNode.Parse(await host.Client.GetStringAsync("/openapi/v1.json"))!;
        var shown = document["paths"]!.AsObject().SelectMany(static p => p.Value!.AsObject()).ToDictionary(static o => (string)o.Value!["operationId"]!, static o => (string?)o.Value!["summary"]);
        var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints;
        var said = endpoints.Select(static e => (e.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName, e.Metadata.GetMetadata<IEndpointSummaryMetadata>()?.Summary))
            .Where(e => e.EndpointName is not null && shown.ContainsKey(e.EndpointName)).ToArray();
        Assert.Equal(shown.Count, said.Length);
        Assert.All(said, e => Assert.Equal(e.Summary, shown[e.EndpointName!]));
    }

    private static async Task<JsonObject> DocumentAsync()
    {
        await using var host = await FullHost.StartAsync();
        var document = JsonNode.Parse(await host.Client.GetStringAsync("/openapi/v1.json"))!.AsObject();
        document.Remove("servers");
        return document;
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DepinGrains.Gateway.Tests.csproj")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("the test project is not above its output");
        }

        return folder.FullName;
    }
}
