using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Messages as bytes. Acknowledgements, by far the most frequent, are written by hand.</summary>
internal static class HeartbeatMessages
{
    // Three numbers of at most 20 digits and the words between them.
    private const int AckBytesMax = 160;
    private const int BeatBytesMax = 256;

    public static byte[] Write(GatewayMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocolJson.Options);

    public static byte[] Ack(long sequence, long generation, int intervalMs)
    {
        Span<byte> message = stackalloc byte[AckBytesMax];
        Utf8.TryWrite(
            message, CultureInfo.InvariantCulture, $$"""{"type":"ack","sequence":{{sequence}},"generation":{{generation}},"heartbeatIntervalMs":{{intervalMs}}}""", out var written);
        return message[..written].ToArray();
    }

    /// <summary>Reads a message; null when it is none.</summary>
    public static AgentMessage? Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return utf8.Length <= BeatBytesMax && ReadBeat(utf8) is { } beat ? beat : JsonSerializer.Deserialize<AgentMessage>(utf8, AgentProtocolJson.Options);
        }
        catch (Exception problem) when (problem is JsonException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>
    /// A heartbeat as our agent writes it, in any order of its four members: the message that comes a hundred times as often as all others. Null for anything else, also for
    /// heartbeats in a spelling that only the serializer knows.
    /// </summary>
    private static AgentHeartbeat? ReadBeat(ReadOnlySpan<byte> utf8)
    {
        var json = new Utf8JsonReader(utf8);
        long session = 0, sequence = 0, applied = 0;
        var seen = 0;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var member = json.ValueTextEquals("type"u8) ? 1 : json.ValueTextEquals("session"u8) ? 2 : json.ValueTextEquals("sequence"u8) ? 4 : json.ValueTextEquals("appliedGeneration"u8) ? 8 : 0;
            json.Read();
            var understood = member switch
            {
                1 => json.TokenType == JsonTokenType.String && json.ValueTextEquals("heartbeat"u8),
                2 => json.TokenType == JsonTokenType.Number && json.TryGetInt64(out session),
                4 => json.TokenType == JsonTokenType.Number && json.TryGetInt64(out sequence),
                8 => json.TokenType == JsonTokenType.Number && json.TryGetInt64(out applied),
                _ => false,
            };
            if (!understood || (seen & member) != 0)
            {
                return null;
            }

            seen |= member;
        }

        return seen == 15 && json.TokenType == JsonTokenType.EndObject && !json.Read() ? new AgentHeartbeat(session, sequence, applied) : null;
    }
}
