using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>What one JSON document of a miner, a whole answer or one piece of a stream, holds.</summary>
/// <param name="Start">Where the list of choices (or data) begins.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Items">Its items.</param>
/// <param name="TextBytes">UTF-8 bytes of text a reader of the answer gets.</param>
/// <param name="Finished">A choice says why it ended.</param>
[SuppressMessage("Performance", "CA1815", Justification = "never compared")]
public readonly record struct AnswerPart(int Start, int Length, int Items, long TextBytes, bool Finished);

/// <summary>
/// Reads what miners answer without believing it: of a document only its list of choices (or data) is taken, and the text in it counted here; its id, its model and above all its usage are the miner's claims and are not read.
/// </summary>
public static class AnswerReader
{
    private const int DepthMax = 32;

    /// <summary>True when the bytes are such a document.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="list">The member that matters: <c>choices</c> or <c>data</c>.</param>
    /// <param name="itemsMax">Most items it may have.</param>
    public static bool TryRead(ReadOnlySpan<byte> json, ReadOnlySpan<byte> list, int itemsMax, out AnswerPart part)
    {
        part = default;
        if (!Utf8.IsValid(json))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && Members(ref reader, list, itemsMax, ref part) && !reader.Read();
        }
        catch (Exception garbage) when (garbage is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool Members(ref Utf8JsonReader reader, ReadOnlySpan<byte> list, int itemsMax, ref AnswerPart part)
    {
        var found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isList = reader.ValueTextEquals(list);
            var isError = reader.ValueTextEquals("error"u8);
            reader.Read();
            if (isError && reader.TokenType != JsonTokenType.Null)
            {
                return false;
            }

            if (!isList)
            {
                reader.Skip();
                continue;
            }

            if (found || reader.TokenType != JsonTokenType.StartArray)
            {
                return false;
            }

            found = true;
            part = Items(ref reader);
            if (part.Items > itemsMax)
            {
                return false;
            }
        }

        return found && reader.TokenType == JsonTokenType.EndObject;
    }

    private static AnswerPart Items(ref Utf8JsonReader reader)
    {
        int start = checked((int)reader.TokenStartIndex), depth = reader.CurrentDepth, items = 0;
        long bytes = 0;
        var finished = false;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.CurrentDepth == depth + 1 && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.PropertyName))
            {
                items++;
                if (reader.TokenType != JsonTokenType.StartObject)
                {
                    throw new JsonException("an item is no object");
                }
            }
            else if (reader.TokenType == JsonTokenType.PropertyName)
            {
                Member(ref reader, ref bytes, ref finished);
            }
        }

        return new AnswerPart(start, checked((int)reader.BytesConsumed) - start, items, bytes, finished);
    }

    private static void Member(ref Utf8JsonReader reader, ref long bytes, ref bool finished)
    {
        if (reader.ValueTextEquals("logprobs"u8) || reader.ValueTextEquals("embedding"u8) || reader.ValueTextEquals("b64_json"u8))
        {
            reader.Read();
            reader.Skip();
        }
        else if (reader.ValueTextEquals("finish_reason"u8))
        {
            reader.Read();
            finished |= reader.TokenType == JsonTokenType.String;
        }
        else if (IsText(ref reader))
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                bytes += TextBytes(ref reader);
            }
        }
    }

    /// <summary>Members whose text reaches a person or a program: content, thinking, refusals, calls of tools, plain completions.</summary>
    private static bool IsText(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8)
        || reader.ValueTextEquals("refusal"u8) || reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("name"u8);

    private static long TextBytes(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan.Length;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            return reader.CopyString(buffer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
