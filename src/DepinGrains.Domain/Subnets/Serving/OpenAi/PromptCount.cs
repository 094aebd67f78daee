using System.Text;
using System.Text.Json;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>Counts a prompt; see <see cref="TokenCount"/> for the unit.</summary>
/// <param name="Tokens">Counted tokens.</param>
/// <param name="Inputs">Messages, prompts or texts.</param>
public readonly record struct PromptCount(long Tokens, int Inputs)
{
    // Below the list of inputs and the inputs themselves: a message's frame is counted as TokenCount.PerMessage.
    private const int FrameDepth = 2;
    private const int BracketBytes = 2;
    private const int WordBytes = 4;

    /// <summary>
    /// The prompt of a request: everything that is passed on but settings. Texts and names of members count their bytes (a message's <c>role</c> and <c>content</c> are names of its frame), brackets two, <c>true</c>, <c>false</c>
    /// and <c>null</c> four; an integer is a token; a part of a message with <c>type</c> <c>image_url</c> is an image.
    /// </summary>
    public static Result<PromptCount> Of(InferenceKind kind, JsonElement body, InferenceLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var name = RequestMembers.Prompt(kind);
        if (!body.TryGetProperty(name, out var input) || CountInputs(kind, input) is not { } inputs)
        {
            return InferenceRequestReader.Invalid(name, kind == InferenceKind.Chat ? "a list of messages, each an object with a role" : "a text, or a list of texts");
        }

        if (inputs < 1 || inputs > limits.InputsMax || (kind is InferenceKind.Image && inputs != 1))
        {
            return InferenceRequestReader.Invalid(name, $"1 to {(kind == InferenceKind.Image ? 1 : limits.InputsMax)} are answered at once, not {inputs}");
        }

        var sum = default(Sum);
        foreach (var member in body.EnumerateObject())
        {
            if (member.NameEquals(name))
            {
                sum.Add(member.Value, 0, kind == InferenceKind.Chat);
            }
            else if (RequestMembers.IsText(kind, member.Name))
            {
                sum.Add(member.Value, FrameDepth, false);
            }
        }

        var tokens = sum.Tokens + TokenCount.OfBytes(sum.Bytes) + (kind == InferenceKind.Chat ? (long)inputs * TokenCount.PerMessage : 0);
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

    private struct Sum
    {
        public long Bytes;
        public long Tokens;

        public void Add(JsonElement element, int depth, bool chat)
        {
            switch (element.ValueKind)
            {
                case JsonValueKind.String:
                    Bytes += Encoding.UTF8.GetByteCount(element.GetString()!);
                    break;
                case JsonValueKind.Number when element.TryGetInt32(out _):
                    Tokens++;
                    break;
                case JsonValueKind.Number:
                    // As many digits as one likes fit in a number.
                    Bytes += element.GetRawText().Length;
                    break;
                case JsonValueKind.Array:
                    Bytes += depth < FrameDepth ? 0 : BracketBytes;
                    foreach (var item in element.EnumerateArray())
                    {
                        Add(item, depth + 1, chat);
                    }

                    break;
                case JsonValueKind.Object:
                    Bytes += depth < FrameDepth ? 0 : BracketBytes;
                    AddMembers(element, depth, chat);
                    break;
                default:
                    Bytes += WordBytes;
                    break;
            }
        }

        private void AddMembers(JsonElement element, int depth, bool chat)
        {
            // messages[i].content[j] is at depth 3.
            var isImage = chat && depth == FrameDepth + 1 && IsImage(element);
            foreach (var member in element.EnumerateObject())
            {
                var isFrame = chat && depth == 1 && (member.NameEquals("role"u8) || member.NameEquals("content"u8));
                Bytes += isFrame ? 0 : Encoding.UTF8.GetByteCount(member.Name);
                if (isImage && member.NameEquals("image_url"u8))
                {
                    Tokens += TokenCount.PerImage;
                }
                else
                {
                    // Only what is below a message's content can be an image.
                    Add(member.Value, depth + 1, chat && (depth != 1 || member.NameEquals("content"u8)));
                }
            }
        }

        /// <summary>A part that shows an image: its address, and the detail asked for, and no more.</summary>
        private static bool IsImage(JsonElement part) =>
            part.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("image_url"u8) && part.TryGetProperty("image_url", out var image)
            && image.ValueKind switch
            {
                JsonValueKind.String => IsAddress(image),
                JsonValueKind.Object => image.TryGetProperty("url", out var url) && IsAddress(url) && image.EnumerateObject().All(static m => m.NameEquals("url"u8) || (m.NameEquals("detail"u8) && IsDetail(m.Value))),
                _ => false,
            };

        private static bool IsAddress(JsonElement url) =>
            url.ValueKind == JsonValueKind.String && url.GetString() is { } text
            && (text.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase));

        private static bool IsDetail(JsonElement detail) =>
            detail.ValueKind == JsonValueKind.Null || (detail.ValueKind == JsonValueKind.String && (detail.ValueEquals("auto"u8) || detail.ValueEquals("low"u8) || detail.ValueEquals("high"u8)));
    }
}
