using System.Buffers;
using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>
/// Reads a request of OpenAI's protocol: checks what money and bounds depend on, leaves the rest to the miner. Only members of <see cref="RequestMembers"/> are passed on: none that tells about the caller (<c>user</c>, <c>metadata</c>, …), none that gets more work than is held for.
/// Every refusal is <c>inference.request_invalid</c> with the member's name, or <c>inference.model_not_found</c>.
/// </summary>
public static class InferenceRequestReader
{
    private const int DepthMax = 32;
    private const int MembersMax = 64;

    /// <summary>Reads.</summary>
    public static Result<InferenceRequest> Read(InferenceKind kind, ReadOnlyMemory<byte> json, InferenceLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = DepthMax, AllowDuplicateProperties = false });
            return Read(kind, document.RootElement, limits);
        }
        catch (Exception bad) when (bad is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string with half a surrogate pair.
            return Invalid("body", "it is no JSON object that can be read");
        }
    }

    private static Result<InferenceRequest> Read(InferenceKind kind, JsonElement body, InferenceLimits limits)
    {
        if (body.ValueKind != JsonValueKind.Object || body.GetPropertyCount() > MembersMax)
        {
            return Invalid("body", $"it must be an object of at most {MembersMax} members");
        }

        if (Model(body) is not { } netuid)
        {
            var named = body.TryGetProperty("model", out var m) && m.ValueKind == JsonValueKind.String;
            return named
                ? Refusal.Of(ServingErrors.ModelNotFound, "Models are called subnet-<n>, n being the subnet's number, e.g. subnet-1.", ("param", "model"))
                : Invalid("model", "it names the subnet, e.g. subnet-1");
        }

        var streams = kind is InferenceKind.Chat or InferenceKind.Completion;
        var stream = Flag(body, "stream");
        var usage = body.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object ? Flag(options, "include_usage") : false;
        if (stream is null || usage is null || (stream.Value && !streams))
        {
            return Invalid("stream", streams ? "stream and stream_options.include_usage are true or false" : "this is not answered as a stream");
        }

        var choices = Number(body, "n", 1, limits.ChoicesMax, 1);
        var bestOf = Number(body, "best_of", 1, limits.ChoicesMax, choices ?? 1);
        if (choices is null || bestOf != choices)
        {
            return Invalid("n", $"1 to {limits.ChoicesMax} choices, and best_of the same");
        }

        if (RequestMembers.NoScalar(kind, body) is { } wrong)
        {
            return Invalid(wrong, "a number, true, false or a short word");
        }

        if (kind == InferenceKind.Completion && Flag(body, "echo") is not false)
        {
            return Invalid("echo", "answers do not repeat their prompt");
        }

        var base64 = kind == InferenceKind.Embedding ? IsBase64(body) : false;
        if (base64 is null)
        {
            return Invalid("encoding_format", "float or base64");
        }

        var prompt = PromptCount.Of(kind, body, limits);
        if (!prompt.IsOk)
        {
            return prompt.Refusal;
        }

        var most = streams ? AnswerBound(body, limits) : 0;
        if (most is null)
        {
            return Invalid("max_tokens", $"max_tokens (or max_completion_tokens, not both) is 1 to {limits.AnswerTokensMax}");
        }

        var bound = new InferenceUse(prompt.Value.Tokens, (long)most.Value * choices.Value, kind == InferenceKind.Image ? choices.Value : 0);
        var answers = kind == InferenceKind.Embedding ? prompt.Value.Inputs : choices.Value;
        return new InferenceRequest(kind, netuid, stream.Value, usage.Value, answers, bound, Forward(kind, body, netuid, stream.Value, most.Value, choices.Value), HasLogprobs(body), base64.Value);
    }

    private static int? Model(JsonElement body) =>
        body.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.String && model.GetString() is { } name && name.StartsWith(InferenceRequest.ModelPrefix, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(InferenceRequest.ModelPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var netuid) && netuid <= ushort.MaxValue
        && name.Length == InferenceRequest.ModelPrefix.Length + netuid.ToString(CultureInfo.InvariantCulture).Length
            ? netuid
            : null;

    private static int? AnswerBound(JsonElement body, InferenceLimits limits)
    {
        var old = Number(body, "max_tokens", 1, limits.AnswerTokensMax, 0);
        var current = Number(body, "max_completion_tokens", 1, limits.AnswerTokensMax, 0);
        return (old, current) switch
        {
            (null, _) or (_, null) or ( > 0, > 0) => null,
            (0, 0) => Math.Min(limits.AnswerTokensDefault, limits.AnswerTokensMax),
            (var a, var b) => Math.Max(a.Value, b.Value),
        };
    }

    private static bool? Flag(JsonElement body, string name) =>
        !body.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null or JsonValueKind.False ? false : value.ValueKind == JsonValueKind.True ? true : null;

    private static bool? IsBase64(JsonElement body) =>
        !body.TryGetProperty("encoding_format", out var form) || form.ValueKind == JsonValueKind.Null ? false
        : form.ValueKind != JsonValueKind.String ? null
        : form.ValueEquals("base64"u8) ? true
        : form.ValueEquals("float"u8) ? false : null;

    private static bool HasLogprobs(JsonElement body) => body.TryGetProperty("logprobs", out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);

    private static int? Number(JsonElement body, string name, int min, int max, int absent) =>
        !body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? absent
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max ? number
        : null;

    private static byte[] Forward(InferenceKind kind, JsonElement body, int netuid, bool stream, int answerTokens, int choices)
    {
        var buffer = new ArrayBufferWriter<byte>(1_024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("model", InferenceRequest.ModelPrefix + netuid.ToString(CultureInfo.InvariantCulture));
            foreach (var member in body.EnumerateObject())
            {
                if (RequestMembers.IsScalar(kind, member.Name) || RequestMembers.IsText(kind, member.Name))
                {
                    member.WriteTo(writer);
                }
            }

            if (kind is InferenceKind.Chat or InferenceKind.Completion)
            {
                writer.WriteBoolean("stream", stream);
                writer.WriteNumber("max_tokens", answerTokens);
            }

            if (kind != InferenceKind.Embedding)
            {
                writer.WriteNumber("n", choices);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal static Refusal Invalid(string member, string why) => Refusal.Of(ServingErrors.RequestInvalid, $"{member}: {why}.", ("param", member));
}
