using System.Text.Json;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>Counts a prompt; see <see cref="TokenCount"/> for the unit.</summary>
/// <param name="Tokens">Counted tokens.</param>
/// <param name="Inputs">Messages, prompts or texts.</param>
public readonly record struct PromptCount(long Tokens, int Inputs)
{
    /// <summary>The prompt of a request: all text of <c>messages</c> and <c>tools</c>, or of <c>prompt</c>, or of <c>input</c>. A number in an input is a token.</summary>
    public static Result<PromptCount> Of(InferenceKind kind, JsonElement body, InferenceLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var name = kind switch { InferenceKind.Chat => "messages", InferenceKind.Embedding => "input", _ => "prompt" };
        if (!body.TryGetProperty(name, out var input) || CountInputs(kind, input) is not { } inputs)
        {
            return InferenceRequestReader.Invalid(name, kind == InferenceKind.Chat ? "a list of messages, each an object with a role" : "a text, or a list of texts");
        }

        if (inputs < 1 || inputs > limits.InputsMax || (kind is InferenceKind.Image && inputs != 1))
        {
            return InferenceRequestReader.Invalid(name, $"1 to {(kind == InferenceKind.Image ? 1 : limits.InputsMax)} are answered at once, not {inputs}");
        }

        var bytes = Bytes(input, out var tokens);
        if (body.TryGetProperty("tools", out var tools))
        {
            bytes += Bytes(tools, out var more);
            tokens += more;
        }

        tokens += TokenCount.OfBytes(bytes) + (kind == InferenceKind.Chat ? (long)inputs * TokenCount.PerMessage : 0);
        return tokens > limits.PromptTokensMax
            ? InferenceRequestReader.Invalid(name, $"it counts {tokens} tokens (four bytes each); at most {limits.PromptTokensMax} are served")
            : new PromptCount(tokens, inputs);
    }

    private static int? CountInputs(InferenceKind kind, JsonElement input)
    {
        if (kind == InferenceKind.Chat)
        {
            return input.ValueKind == JsonValueKind.Array && input.EnumerateArray().All(static m => m.ValueKind == JsonValueKind.Object && m.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String)
                ? input.GetArrayLength()
                : null;
        }

        return input.ValueKind switch
        {
            JsonValueKind.String => 1,
            JsonValueKind.Array when kind == InferenceKind.Image => null,
            JsonValueKind.Array when input.GetArrayLength() > 0 && input.EnumerateArray().All(static i => i.ValueKind == JsonValueKind.Number) => 1,
            JsonValueKind.Array when input.EnumerateArray().All(static i => i.ValueKind is JsonValueKind.String or JsonValueKind.Array) => input.GetArrayLength(),
            _ => null,
        };
    }

    /// <summary>Bytes of all text below an element; images and given tokens are counted apart.</summary>
    private static long Bytes(JsonElement element, out long tokens)
    {
        long bytes = 0;
        tokens = 0;
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return System.Text.Encoding.UTF8.GetByteCount(element.GetString()!);
            case JsonValueKind.Number:
                tokens = 1;
                return 0;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    bytes += Bytes(item, out var below);
                    tokens += below;
                }

                return bytes;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    if (member.NameEquals("image_url"u8))
                    {
                        tokens += TokenCount.PerImage;
                        continue;
                    }

                    bytes += Bytes(member.Value, out var below);
                    tokens += below;
                }

                return bytes;
            default:
                return 0;
        }
    }
}
