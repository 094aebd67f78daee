using System.Collections.Frozen;
using System.Text.Json;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>
/// What miners get of a request: the members OpenAI documents that say what is asked and how, and those by which llama.cpp and vLLM let tokens be chosen and answers be shaped, nothing else. A member a miner's server
/// understands and this gateway does not (llama.cpp's <c>n_predict</c> overrides <c>max_tokens</c>, vLLM's <c>use_beam_search</c> and <c>prompt_logprobs</c> multiply the work) would get work that is not held for.
/// Sources: OpenAI's API reference, the request bodies of the four paths; llama.cpp's server README, <c>/completion</c>; vLLM's <c>OpenAI-compatible server</c>, extra parameters.
/// </summary>
internal static class RequestMembers
{
    private const int ScalarBytesMax = 64;

    private static readonly string[] Sampling = ["temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "logprobs"];

    /// <summary>Of llama.cpp and vLLM: which of the likely tokens is taken, and how it is written. None makes an answer longer than <c>max_tokens</c>.</summary>
    private static readonly string[] Choosing =
    [
        "top_k", "min_p", "typical_p", "top_n_sigma", "repetition_penalty", "repeat_penalty", "repeat_last_n", "dynatemp_range", "dynatemp_exponent", "mirostat", "mirostat_tau", "mirostat_eta",
        "xtc_probability", "xtc_threshold", "dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n", "skip_special_tokens", "spaces_between_special_tokens", "include_stop_str_in_output", "cache_prompt",
    ];

    /// <summary>The same with text of any size.</summary>
    private static readonly string[] Shaping =
        ["grammar", "json_schema", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs", "stop_token_ids", "bad_words", "samplers", "dry_sequence_breakers"];

    private static readonly FrozenSet<string>[] Scalars =
    [
        Set([.. Sampling, .. Choosing, "top_logprobs", "parallel_tool_calls", "reasoning_effort", "verbosity", "reasoning_format"]),
        Set([.. Sampling, .. Choosing]),
        Set(["encoding_format", "dimensions"]),
        Set(["size", "quality", "style", "response_format", "background", "moderation", "output_format", "output_compression"]),
    ];

    private static readonly FrozenSet<string>[] Texts =
    [
        Set([.. Shaping, "chat_template_kwargs", "messages", "tools", "tool_choice", "functions", "function_call", "response_format", "stop", "logit_bias", "prediction"]),
        Set([.. Shaping, "prompt", "suffix", "stop", "logit_bias"]),
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
