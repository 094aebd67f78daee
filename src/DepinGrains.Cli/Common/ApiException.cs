using System.Text.Json.Nodes;

namespace DepinGrains.Cli.Common;

/// <summary>The API refused, or a command cannot be carried out as it was written.</summary>
public sealed class ApiException(string code, string message, JsonNode? problem = null, int status = 0) : Exception(message)
{
    /// <summary>Nobody could be asked any more what became of the request.</summary>
    public const string Unknown = "cli.outcome_unknown";

    /// <summary>HTTP status of the answer; 0 when there was none.</summary>
    public int Status { get; } = status;

    /// <summary>The stable code.</summary>
    public string Code { get; } = code;

    /// <summary>The answer as it came, application/problem+json; made up for what was refused on this side.</summary>
    public JsonNode Problem { get; } = problem ?? new JsonObject { ["code"] = code, ["detail"] = message };

    /// <summary>True when what became of the request is unknown.</summary>
    public bool OutcomeUnknown => Code is "service.unavailable" or "service.overloaded" or Unknown;

    /// <summary>How long the server asks to wait before asking again; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Code and sentence, each number behind it, and what to do.</summary>
    public string Explain()
    {
        var lines = new List<string> { Code.Length == 0 || Message.StartsWith(Code, StringComparison.Ordinal) ? Message : $"{Code}: {Message}" };
        if (Problem["errors"] is JsonObject errors)
        {
            lines.AddRange(errors.SelectMany(static e => e.Value!.AsArray().Select(text => $"  {e.Key}: {(string?)text}")));
        }

        if (Problem["facts"] is JsonObject { Count: > 0 } facts)
        {
            lines.Add("  " + string.Join(", ", facts.Select(static f => $"{f.Key} {(string?)f.Value}")));
        }

        if (Hints.For(Code) is { } hint)
        {
            lines.Add("  " + hint);
        }

        return string.Join('\n', lines);
    }

    /// <summary>Reads problem+json.</summary>
    public static async Task<ApiException> OfAsync(HttpResponseMessage answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = await answer.Content.ReadAsStringAsync();
        try
        {
            var problem = JsonNode.Parse(text);
            var code = (string?)problem?["code"] ?? "";
            return new ApiException(code, $"{code}: {(string?)problem?["detail"] ?? (string?)problem?["title"]}", problem, (int)answer.StatusCode) { RetryAfter = answer.Headers.RetryAfter?.Delta };
        }
        catch (System.Text.Json.JsonException)
        {
            return new ApiException("", $"{(int)answer.StatusCode} {answer.ReasonPhrase} {text}", status: (int)answer.StatusCode);
        }
    }
}
