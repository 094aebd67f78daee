using System.Collections.Frozen;
using System.Text.Json;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>
/// What miners get of a request: the members OpenAI documents that say what is asked and how, nothing else. A member a miner's server understands and this gateway does not (llama.cpp's <c>n_predict</c> overrides
/// <c>max_tokens</c>) would get work that is not held for. Source: OpenAI's API reference, the request bodies of the four paths.
/// </summary>
internal static class RequestMembers
{
    private const int ScalarBytesMax = 64;

    private static readonly string[] Sampling = ["temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "logprobs"];

    private static readonly FrozenSet<string>[] Scalars =
    [
        Set([.. Sampling, "top_logprobs", "parallel_tool_calls", "reasoning_effort", "verbosity"]),
        Set(Sampling),
        Set(["encoding_format", "dimensions"]),
        Set(["size", "quality", "style", "response_format", "background", "moderation", "output_format", "output_compression"]),
    ];

    private static readonly FrozenSet<string>[] Texts =
    [
        Set(["messages", "tools", "tool_choice", "functions", "function_call", "response_format", "stop", "logit_bias", "prediction"]),
        Set(["prompt", "suffix", "stop", "logit_bias"]),
        Set(["input"]),
        Set(["prompt"]),
    ];

    /// <summary>The member that holds what is asked.</summary>
    public static string Prompt(InferenceKind kind) => kind switch { InferenceKind.Chat => "messages", InferenceKind.Embedding => "input", _ => "prompt" };

    /// <summary>A setting: a number, a flag or a short word, not counted.</summary>
    public static bool IsScalar(InferenceKind kind, string name) => Scalars[(int)kind].Contains(name);

    /// <summary>Text or structure of any size, counted.</summary>
    public static bool IsText(InferenceKind kind, string name) => Texts[(int)kind].Contains(name);

    /// <summary>The name of a setting that is no setting, for long texts would pass uncounted there; null when all are.</summary>
    public static string? NoScalar(InferenceKind kind, JsonElement body)
    {
        foreach (var member in body.EnumerateObject())
        {
            if (IsScalar(kind, member.Name) && (member.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array || JsonBytes(member.Value) > ScalarBytesMax))
            {
                return member.Name;
            }
        }

        return null;
    }

    private static int JsonBytes(JsonElement value) => System.Text.Encoding.UTF8.GetByteCount(value.GetRawText());

    private static FrozenSet<string> Set(string[] names) => names.ToFrozenSet(StringComparer.Ordinal);
}
