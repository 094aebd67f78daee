using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Testing;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>
/// Every field of every request body, and every path and query parameter, as the OpenAPI document names them, with values nobody should send, while 63 innocent callers write beside it:
/// each is refused as a problem with a code, none breaks or delays a neighbour.
/// </summary>
public sealed class HostileInputTests
{
    private const int Innocents = 63;

    private static readonly string Long = new('x', 1 << 20);

    [Fact]
    public Task EveryField_OnSqlite_RefusesWhatCannotBe_AndNeighboursGoOn() => RunAsync(null);

    [Fact]
    public async Task EveryField_OnPostgreSql_RefusesWhatCannotBe_AndNeighboursGoOn()
    {
        Assert.SkipUnless(PostgresCluster.IsAvailable, PostgresCluster.SkipReason);
        await RunAsync(await (await PostgresCluster.SharedAsync()).NewDatabaseAsync());
    }

    private static async Task RunAsync(string? postgres)
    {
        await using var host = await FullHost.StartAsync(postgres);
        var (key, id) = await host.RegisterAsync();
        var document = JsonNode.Parse(await host.Client.GetStringAsync("/openapi/v1.json"))!.AsObject();
        using var end = new CancellationTokenSource();
        var innocents = await Task.WhenAll(Enumerable.Range(0, Innocents).Select(async _ => (await host.RegisterAsync()).Key));
        var writers = innocents.Select(innocent => WriteAsync(host, innocent, end.Token)).ToArray();

        var problems = new List<string>();
        var sent = 0;
        foreach (var attack in Attacks(document, id))
        {
            sent++;
            using var answer = await host.SendAsync(key, attack.Method, attack.Path, attack.Body);
            if (await ProblemOfAsync(answer, attack.MustFail) is { } problem)
            {
                problems.Add($"{attack.Method} {attack.What}: {problem}");
            }
        }

        await end.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();
        Assert.True(problems.Count == 0, $"{problems.Count} of {sent}:\n{string.Join('\n', problems)}");
        Assert.True(sent > 200, $"only {sent} attacks");
        Assert.True(written > Innocents, $"only {written} innocent writes");
        using var audited = await host.SendAsync(key, HttpMethod.Get, "/v1/ledgers/uact/audit", null);
        var audit = JsonNode.Parse(await audited.Content.ReadAsStringAsync())!;
        Assert.True((bool)audit["isClean"]!, audit.ToJsonString());
    }

    /// <summary>Play money, again and again, at least once; every one must succeed.</summary>
    private static async Task<int> WriteAsync(FullHost host, SigningKey key, CancellationToken end)
    {
        var count = 0;
        do
        {
            using var answer = await host.SendAsync(key, HttpMethod.Post, "/v1/ledgers/uact/faucet", """{"amount":1000}""");
            Assert.True(answer.IsSuccessStatusCode, $"an innocent writer got {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(CancellationToken.None)}");
            count++;
        }
        while (!end.IsCancellationRequested);
        return count;
    }

    private static async Task<string?> ProblemOfAsync(HttpResponseMessage answer, bool mustFail)
    {
        var status = (int)answer.StatusCode;
        if (status < 400)
        {
            return mustFail ? $"accepted with {status}" : null;
        }

        var text = await answer.Content.ReadAsStringAsync();
        if (status == 400 && text.Length == 0)
        {
            // Kestrel's own refusal of a request line, before any of ours.
            return null;
        }

        var code = answer.Content.Headers.ContentType?.MediaType switch
        {
            "application/problem+json" => (string?)JsonNode.Parse(text)?["code"],
            "application/json" when answer.RequestMessage!.RequestUri!.AbsolutePath.StartsWith("/v1/openai/", StringComparison.Ordinal) => (string?)JsonNode.Parse(text)?["error"]?["code"],
            _ => null,
        };
        return status >= 500 || string.IsNullOrEmpty(code) ? $"{status} {text[..Math.Min(300, text.Length)]}" : null;
    }

    private static IEnumerable<Attack> Attacks(JsonObject document, string id)
    {
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (name, operation) in item!.AsObject())
            {
                var method = new HttpMethod(name.ToUpperInvariant());
                var good = Fill(path, id, null, null);
                if (operation!["requestBody"]?["content"]?["application/json"]?["schema"] is { } schema)
                {
                    var body = ApiSamples.Body(document, schema, id);
                    foreach (var (field, hostile) in Mutants(body))
                    {
                        yield return new Attack(method, good, $"{path} {field}", hostile, MustFail: true);
                    }
                }

                foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
                {
                    foreach (var value in (string[])["%00", "%ED%A0%80", "-1", "99999999999999999999999", new string('y', 4_000), "..%2F..", "%F0%9F%A6%80"])
                    {
                        var where = (string?)parameter!["in"];
                        var called = (string)parameter["name"]!;
                        var target = where == "path" ? Fill(path, id, called, value) : where == "query" ? $"{good}?{called}={value}" : null;
                        if (target is not null)
                        {
                            yield return new Attack(method, target, $"{path} {where} {called}={value[..Math.Min(30, value.Length)]}", method == HttpMethod.Get ? null : "{}", MustFail: false);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The body with one leaf replaced by something hostile, for every leaf.</summary>
    private static IEnumerable<(string Field, string Body)> Mutants(JsonNode body)
    {
        const string Mark = "\"@@hostile@@\"";
        foreach (var (pointer, leaf) in Leaves(body, []))
        {
            string[] values = leaf.GetValueKind() == JsonValueKind.String
                ? ["\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", $"\"{Long}\"", "12", "{}"]
                : ["-1", "-9223372036854775808", "9223372036854775808", "1e400", "1.5", "NaN", "\"NaN\"", "\"1\""];
            var copy = body.DeepClone();
            Replace(copy, pointer, "@@hostile@@");
            var text = copy.ToJsonString();
            foreach (var value in values)
            {
                yield return ($"{string.Join('.', pointer)} = {value[..Math.Min(24, value.Length)]}", text.Replace(Mark, value, StringComparison.Ordinal));
            }
        }
    }

    private static IEnumerable<(object[] Pointer, JsonValue Leaf)> Leaves(JsonNode? node, object[] at) => node switch
    {
        JsonObject map => map.SelectMany(p => Leaves(p.Value, [.. at, p.Key])),
        JsonArray list => list.SelectMany((n, i) => Leaves(n, [.. at, i])),
        JsonValue value when value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number => [(at, value)],
        _ => [],
    };

    private static void Replace(JsonNode root, object[] pointer, string text)
    {
        var node = root;
        foreach (var step in pointer[..^1])
        {
            node = step is string name ? node![name] : node![(int)step];
        }

        if (pointer[^1] is string last)
        {
            node![last] = text;
        }
        else
        {
            node![(int)pointer[^1]] = text;
        }
    }

    private static string Fill(string path, string id, string? parameter, string? value)
    {
        var filled = path;
        while (filled.IndexOf('{', StringComparison.Ordinal) is >= 0 and var from)
        {
            var to = filled.IndexOf('}', from);
            var name = filled[(from + 1)..to].Split(':')[0];
            var good = name switch { "owner" or "id" or "provider" => id, "token" => "uact", "gseq" or "oseq" or "dseq" => "1", "action" => "pause", "mode" => "on", _ => "x" };
            filled = filled[..from] + (name == parameter ? value : good) + filled[(to + 1)..];
        }

        return filled;
    }

    private sealed record Attack(HttpMethod Method, string Path, string What, string? Body, bool MustFail);
}
