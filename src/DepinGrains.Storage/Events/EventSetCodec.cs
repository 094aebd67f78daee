using System.Collections.Immutable;
using System.Text;

namespace DepinGrains.Storage.Events;

/// <summary>
/// The events of one change set in one value: format 1, the topics, then of each event its topic's number and, unless it is the one before it told under another topic, type, subject and data. Lengths and
/// numbers are 7 bits a byte, low ones first; text is UTF-8.
/// </summary>
internal static class EventSetCodec
{
    private const byte Format = 1;

    /// <summary>The value, and the topics in it, each once, in the order of their first events.</summary>
    public static (byte[] Data, List<string> Topics) Write(ImmutableArray<EventWrite> events)
    {
        var topics = new List<string>();
        foreach (var e in events)
        {
            if (!topics.Contains(e.Topic))
            {
                topics.Add(e.Topic);
            }
        }

        using var stream = new MemoryStream(events.Length * 128);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Format);
        writer.Write7BitEncodedInt(topics.Count);
        topics.ForEach(writer.Write);
        EventWrite? before = null;
        foreach (var e in events)
        {
            writer.Write7BitEncodedInt(topics.IndexOf(e.Topic));
            var same = before is not null && before.Type == e.Type && before.Subject == e.Subject && before.Data.Span.SequenceEqual(e.Data.Span);
            writer.Write(same);
            if (!same)
            {
                writer.Write(e.Type);
                writer.Write(e.Subject);
                writer.Write7BitEncodedInt(e.Data.Length);
                writer.Write(e.Data.Span);
            }

            before = e;
        }

        writer.Flush();
        return (stream.ToArray(), topics);
    }

    /// <summary>The topics alone.</summary>
    public static string[] Topics(byte[] data)
    {
        using var reader = Reader(data);
        return Topics(reader);
    }

    /// <summary>The events of a set whose newest stands at <paramref name="last"/>.</summary>
    public static IEnumerable<StoredEvent> Read(long last, int count, DateTimeOffset at, byte[] data)
    {
        using var reader = Reader(data);
        var topics = Topics(reader);
        StoredEvent? before = null;
        for (var position = last - count + 1; position <= last; position++)
        {
            var topic = topics[reader.Read7BitEncodedInt()];
            before = reader.ReadBoolean() && before is not null
                ? before with { Position = position, Topic = topic }
                : new StoredEvent(position, at, topic, reader.ReadString(), reader.ReadString(), reader.ReadBytes(reader.Read7BitEncodedInt()));
            yield return before;
        }
    }

    private static BinaryReader Reader(byte[] data)
    {
        var reader = new BinaryReader(new MemoryStream(data), Encoding.UTF8);
        return reader.ReadByte() is Format ? reader : throw new InvalidDataException($"events of format {data[0]}, this version reads {Format}");
    }

    private static string[] Topics(BinaryReader reader)
    {
        var topics = new string[reader.Read7BitEncodedInt()];
        for (var i = 0; i < topics.Length; i++)
        {
            topics[i] = reader.ReadString();
        }

        return topics;
    }
}
