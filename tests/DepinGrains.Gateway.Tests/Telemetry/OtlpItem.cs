using System.Text;

namespace DepinGrains.Gateway.Tests.Telemetry;

/// <summary>A span or a log record. Numbers of fields: opentelemetry-proto, trace.proto and logs.proto.</summary>
/// <param name="TraceId">Hexadecimal.</param>
/// <param name="Text">The span's name; the record's body.</param>
/// <param name="Attributes">Its own and its resource's.</param>
/// <param name="Protocol">HTTP's version it came by.</param>
public sealed record OtlpItem(string TraceId, string Text, IReadOnlyDictionary<string, string> Attributes, string Protocol)
{
    private const int Resource = 1, Scopes = 2, Items = 2, Span = 1;

    /// <summary>All of an export request.</summary>
    public static IEnumerable<OtlpItem> Of(ReadOnlyMemory<byte> request, bool logs, string protocol)
    {
        foreach (var group in Fields(request).Where(static f => f.Number == Span))
        {
            var resource = Fields(group.Bytes).Where(static f => f.Number == Resource).SelectMany(static r => Pairs(r.Bytes, 1)).ToArray();
            foreach (var item in Fields(group.Bytes).Where(static f => f.Number == Scopes).SelectMany(static s => Fields(s.Bytes)).Where(static f => f.Number == Items))
            {
                var fields = Fields(item.Bytes).ToArray();
                var text = fields.FirstOrDefault(f => f.Number == 5).Bytes;
                yield return new OtlpItem(
                    Convert.ToHexStringLower(fields.FirstOrDefault(f => f.Number == (logs ? 9 : 1)).Bytes.Span),
                    logs ? Value(text) : Encoding.UTF8.GetString(text.Span),
                    Pairs(item.Bytes, logs ? 6 : 9).Concat(resource).GroupBy(static a => a.Key).ToDictionary(static g => g.Key, static g => g.First().Value),
                    protocol);
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(ReadOnlyMemory<byte> message, int number) => Fields(message).Where(f => f.Number == number).Select(static a =>
    {
        var pair = Fields(a.Bytes).ToArray();
        return KeyValuePair.Create(Encoding.UTF8.GetString(pair.First(static f => f.Number == 1).Bytes.Span), Value(pair.FirstOrDefault(static f => f.Number == 2).Bytes));
    });

    /// <summary>AnyValue: text, or a number as text.</summary>
    private static string Value(ReadOnlyMemory<byte> any) => Fields(any).Select(static f => f.Number == 1 ? Encoding.UTF8.GetString(f.Bytes.Span) : f.Varint.ToString(System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault() ?? "";

    /// <summary>The fields of a protobuf message.</summary>
    private static IEnumerable<(int Number, ReadOnlyMemory<byte> Bytes, ulong Varint)> Fields(ReadOnlyMemory<byte> message)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return (number, default, Varint(message, ref at));
                    break;
                case 1 or 5:
                    at += (tag & 7) == 1 ? 8 : 4;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    yield return (number, message.Slice(at, length), 0);
                    at += length;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7} is no protobuf of OTLP");
            }
        }
    }

    private static ulong Varint(ReadOnlyMemory<byte> message, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var one = message.Span[at++];
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
            {
                return value;
            }
        }
    }
}
