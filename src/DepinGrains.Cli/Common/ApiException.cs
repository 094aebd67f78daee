using System.Text.Json.Nodes;

namespace DepinGrains.Cli.Common;

/// <summary>The API refused.</summary>
public sealed class ApiException(string code, string message, int status = 0) : Exception(message)
{
    /// <summary>HTTP status of the answer; 0 when there was none.</summary>
    public int Status { get; } = status;

    /// <summary>The stable code.</summary>
    public string Code { get; } = code;

    /// <summary>Reads problem+json.</summary>
    public static async Task<ApiException> OfAsync(HttpResponseMessage answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = await answer.Content.ReadAsStringAsync();
        try
        {
            var problem = JsonNode.Parse(text);
            var code = (string?)problem?["code"] ?? "";
            return new ApiException(code, $"{code}: {(string?)problem?["detail"] ?? (string?)problem?["title"]}", (int)answer.StatusCode);
        }
        catch (System.Text.Json.JsonException)
        {
            return new ApiException("", $"{(int)answer.StatusCode} {answer.ReasonPhrase} {text}", (int)answer.StatusCode);
        }
    }
}
