using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DepinGrains.Domain.Subnets.Serving.OpenAi;

/// <summary>
/// Brings vectors into the form their caller asked for: an array of numbers, or base64 of little-endian float32 (<c>encoding_format</c>). OpenAI's own client asks for base64 when its user names nothing and decodes
/// whatever comes as base64; many servers ignore the member and send arrays, which that client would read as wrong vectors without a word.
/// </summary>
public static class EmbeddingForm
{
    /// <summary>Numbers a vector may have; no model's are longer.</summary>
    public const int DimensionsMax = 16_384;

    /// <summary>Bytes of a float32.</summary>
    private const int Float = sizeof(float);

    /// <summary>True when every item has one vector of 1 to <see cref="DimensionsMax"/> finite numbers, in either form.</summary>
    /// <param name="list">The answer's list, as <see cref="AnswerReader"/> found it: UTF-8, an array of objects.</param>
    /// <param name="base64">The caller asked for base64.</param>
    /// <param name="asked">The list with its vectors as asked for; all else as it came.</param>
    public static bool TryWrite(ReadOnlySpan<byte> list, bool base64, [NotNullWhen(true)] out byte[]? asked)
    {
        asked = null;
        var written = new ArrayBufferWriter<byte>(list.Length);
        var numbers = ArrayPool<float>.Shared.Rent(DimensionsMax);
        try
        {
            var reader = new Utf8JsonReader(list);
            reader.Read();
            var copied = 0;
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                if (!Item(list, ref reader, base64, numbers, written, ref copied))
                {
                    return false;
                }
            }

            written.Write(list[copied..]);
            asked = written.WrittenSpan.ToArray();
            return true;
        }
        catch (Exception garbage) when (garbage is JsonException or InvalidOperationException)
        {
            return false;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(numbers);
        }
    }

    private static bool Item(ReadOnlySpan<byte> list, ref Utf8JsonReader reader, bool base64, float[] numbers, ArrayBufferWriter<byte> written, ref int copied)
    {
        var found = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVector = reader.ValueTextEquals("embedding"u8);
            reader.Read();
            if (!isVector)
            {
                reader.Skip();
                continue;
            }

            var (start, isText) = ((int)reader.TokenStartIndex, reader.TokenType == JsonTokenType.String);
            var count = isText ? FromBase64(ref reader, numbers) : FromArray(ref reader, numbers);
            if (found || count == 0)
            {
                return false;
            }

            found = true;
            if (isText != base64)
            {
                written.Write(list[copied..start]);
                Write(numbers.AsSpan(0, count), base64, written);
                copied = (int)reader.BytesConsumed;
            }
        }

        return found;
    }

    /// <summary>Numbers of an array; 0 when it is no vector.</summary>
    private static int FromArray(ref Utf8JsonReader reader, Span<float> numbers)
    {
        var count = 0;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return 0;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == DimensionsMax || reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var number) || !float.IsFinite((float)number))
            {
                return 0;
            }

            numbers[count++] = (float)number;
        }

        return count;
    }

    /// <summary>Numbers of a text in base64; 0 when it is no vector.</summary>
    private static int FromBase64(ref Utf8JsonReader reader, Span<float> numbers)
    {
        if (reader.ValueSpan.Length > 6 * Base64.GetMaxEncodedToUtf8Length(Float * DimensionsMax))
        {
            return 0;
        }

        var text = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            // In place: what is decoded is shorter than its text.
            var characters = reader.CopyString(text);
            if (Base64.DecodeFromUtf8InPlace(text.AsSpan(0, characters), out var bytes) != OperationStatus.Done || bytes % Float != 0 || bytes > Float * DimensionsMax)
            {
                return 0;
            }

            for (var i = 0; i < bytes / Float; i++)
            {
                numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(text.AsSpan(Float * i));
                if (!float.IsFinite(numbers[i]))
                {
                    return 0;
                }
            }

            return bytes / Float;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private static void Write(Span<float> numbers, bool base64, ArrayBufferWriter<byte> written)
    {
        using var json = new Utf8JsonWriter(written);
        if (!base64)
        {
            json.WriteStartArray();
            foreach (var number in numbers)
            {
                json.WriteNumberValue(number);
            }

            json.WriteEndArray();
            return;
        }

        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<float, int>(numbers);
            BinaryPrimitives.ReverseEndianness(words, words);
        }

        json.WriteBase64StringValue(MemoryMarshal.AsBytes(numbers));
    }
}
