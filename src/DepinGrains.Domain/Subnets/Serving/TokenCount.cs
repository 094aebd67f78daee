using System.Text;

namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>
/// The unit inference is billed in. Miners run models with different tokenizers and have every reason to count high, so the gateway counts what it sees itself, by a rule anybody can check:
/// one token is four bytes of UTF-8 text, a begun one whole, summed over all that is passed on of a prompt (<see cref="OpenAi.PromptCount"/>) and over all text of an answer; a message costs four more for its frame, an image in a prompt
/// <see cref="PerImage"/>. OpenAI's own rule of thumb for English is the same four characters.
/// </summary>
public static class TokenCount
{
    /// <summary>Bytes of UTF-8 that make one token.</summary>
    public const int BytesPerToken = 4;

    /// <summary>Tokens of a message's frame: role and separators.</summary>
    public const int PerMessage = 4;

    /// <summary>Tokens of an image a prompt shows, whatever its size.</summary>
    public const int PerImage = 1_000;

    /// <summary>Tokens of so many bytes.</summary>
    public static long OfBytes(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return (bytes / BytesPerToken) + (bytes % BytesPerToken == 0 ? 0 : 1);
    }

    /// <summary>Tokens of a text.</summary>
    public static long Of(ReadOnlySpan<char> text) => OfBytes(Encoding.UTF8.GetByteCount(text));
}
