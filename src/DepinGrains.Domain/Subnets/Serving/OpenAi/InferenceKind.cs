namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>What is asked for; each is one path of OpenAI's API.</summary>
public enum InferenceKind
{
    /// <summary><c>/chat/completions</c>.</summary>
    Chat,

    /// <summary><c>/completions</c>.</summary>
    Completion,

    /// <summary><c>/embeddings</c>.</summary>
    Embedding,

    /// <summary><c>/images/generations</c>.</summary>
    Image,
}

/// <summary>Bounds of requests.</summary>
/// <param name="PromptTokensMax">Counted tokens of a prompt.</param>
/// <param name="AnswerTokensDefault">Bound of an answer that names none.</param>
/// <param name="AnswerTokensMax">Most an answer may ask for.</param>
/// <param name="ChoicesMax">Choices, or images, of one request.</param>
/// <param name="InputsMax">Messages of a chat, prompts or texts of one request.</param>
public sealed record InferenceLimits(int PromptTokensMax = 131_072, int AnswerTokensDefault = 1_024, int AnswerTokensMax = 32_768, int ChoicesMax = 4, int InputsMax = 2_048);

/// <summary>A request as the gateway understood it.</summary>
/// <param name="Kind">Which path.</param>
/// <param name="Netuid">The subnet its model names.</param>
/// <param name="Stream">Answered as server-sent events.</param>
/// <param name="StreamUsage">The stream ends with the usage, as <c>stream_options.include_usage</c> asks.</param>
/// <param name="Choices">Choices, images, or texts answered at most.</param>
/// <param name="Bound">The most that can be billed; what is held.</param>
/// <param name="Body">What miners get: the request without what concerns only the caller, with its bound written out.</param>
/// <param name="Logprobs">Answers tell the probabilities of tokens, which are far longer than the tokens.</param>
/// <param name="Base64">Vectors are asked for as base64 of little-endian float32, not as arrays of numbers.</param>
public sealed record InferenceRequest(InferenceKind Kind, int Netuid, bool Stream, bool StreamUsage, int Choices, InferenceUse Bound, ReadOnlyMemory<byte> Body, bool Logprobs = false, bool Base64 = false)
{
    // A token is rarely longer than this; a miner that goes on and on is cut off, the bill is bounded anyway.
    private const int BytesPerTokenMax = 64;
    private const int BytesGrace = 1_024;

    // An escaped byte of text is six in JSON (\u0001).
    private const int JsonPerTextByte = 6;
    private const int FrameBytes = 64 << 10;

    /// <summary>Bytes of text an answer may have, all choices together.</summary>
    public long TextBytesMax => (Bound.CompletionTokens * BytesPerTokenMax) + BytesGrace;

    /// <summary>Bytes a whole answer may have: text in its longest spelling, 64 KiB a vector, whatever is allowed for images and probabilities.</summary>
    /// <param name="max">The most any answer may have.</param>
    public long AnswerBytes(int max) => Kind switch
    {
        InferenceKind.Embedding => Math.Min(max, (Choices + 1L) * FrameBytes),
        InferenceKind.Chat or InferenceKind.Completion when !Logprobs => Math.Min(max, (TextBytesMax * JsonPerTextByte) + FrameBytes),
        _ => max,
    };

    /// <summary>What models of this network are called.</summary>
    public const string ModelPrefix = "subnet-";

    /// <summary>The model's name.</summary>
    public string Model => ModelPrefix + Netuid.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
