using System.Buffers;
using System.Text;
using System.Text.Json;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>Writes answers as OpenAI's clients read them: everything but the choices is the gateway's own.</summary>
public sealed class AnswerFrame
{
    private readonly byte[] _head;
    private readonly InferenceRequest _request;

    /// <param name="request">What is answered.</param>
    /// <param name="id">The answer's id.</param>
    /// <param name="createdSeconds">Unix time.</param>
    public AnswerFrame(InferenceRequest request, string id, long createdSeconds)
    {
        ArgumentNullException.ThrowIfNull(request);
        _request = request;
        var type = (request.Kind, request.Stream) switch
        {
            (InferenceKind.Chat, true) => "chat.completion.chunk",
            (InferenceKind.Chat, false) => "chat.completion",
            (InferenceKind.Completion, _) => "text_completion",
            _ => "list",
        };
        _head = Encoding.UTF8.GetBytes(request.Kind == InferenceKind.Image
            ? $"{{\"created\":{createdSeconds}"
            : $"{{\"id\":\"{id}\",\"object\":\"{type}\",\"created\":{createdSeconds},\"model\":\"{request.Model}\"");
    }

    /// <summary>The member that holds what was asked for.</summary>
    public ReadOnlySpan<byte> List => _request.Kind is InferenceKind.Chat or InferenceKind.Completion ? "choices"u8 : "data"u8;

    /// <summary>The last event of a stream.</summary>
    public static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    /// <summary>One event of a stream.</summary>
    public byte[] Event(ReadOnlySpan<byte> choices)
    {
        var start = "data: "u8;
        var list = ",\"choices\":"u8;
        var end = "}\n\n"u8;
        var bytes = new byte[start.Length + _head.Length + list.Length + choices.Length + end.Length];
        var rest = bytes.AsSpan();
        Put(ref rest, start);
        Put(ref rest, _head);
        Put(ref rest, list);
        var own = rest[..choices.Length];
        Put(ref rest, choices);
        Put(ref rest, end);

        // Between JSON's tokens a line may end, in an event it may not.
        own.Replace((byte)'\n', (byte)' ');
        own.Replace((byte)'\r', (byte)' ');
        return bytes;
    }

    /// <summary>The event with the usage that <c>include_usage</c> asks for.</summary>
    public byte[] UsageEvent(InferenceUse use) => [.. "data: "u8, .. Whole("[]"u8, use).Span, .. "\n\n"u8];

    /// <summary>A whole answer.</summary>
    public ReadOnlyMemory<byte> Whole(ReadOnlySpan<byte> list, InferenceUse use)
    {
        var buffer = new ArrayBufferWriter<byte>(_head.Length + list.Length + 256);
        buffer.Write(_head);
        buffer.Write(",\""u8);
        buffer.Write(List);
        buffer.Write("\":"u8);
        buffer.Write(list);
        buffer.Write(Encoding.UTF8.GetBytes(_request.Kind == InferenceKind.Image
            ? "}"
            : $",\"usage\":{{\"prompt_tokens\":{use.PromptTokens},\"completion_tokens\":{use.CompletionTokens},\"total_tokens\":{use.PromptTokens + use.CompletionTokens}}}}}"));
        return buffer.WrittenMemory;
    }

    /// <summary>An event that tells a client's library that the answer broke off; it throws.</summary>
    public static byte[] ErrorEvent(string code, string message)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        buffer.Write("data: "u8);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", message);
            json.WriteString("type", "server_error");
            json.WriteNull("param");
            json.WriteString("code", code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.Write("\n\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Put(ref Span<byte> rest, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }
}
