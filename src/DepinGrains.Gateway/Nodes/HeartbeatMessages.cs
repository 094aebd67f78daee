using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Gateway.Nodes;

/// <summary>Messages as bytes. Acknowledgements, by far the most frequent, are written by hand.</summary>
internal static class HeartbeatMessages
{
    public static byte[] Write(GatewayMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, AgentProtocolJson.Options);

    public static byte[] Ack(long sequence, long generation, int intervalMs) => Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $$"""{"type":"ack","sequence":{{sequence}},"generation":{{generation}},"heartbeatIntervalMs":{{intervalMs}}}"""));

    /// <summary>Reads a message; null when it is none.</summary>
    public static AgentMessage? Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonSerializer.Deserialize<AgentMessage>(utf8, AgentProtocolJson.Options);
        }
        catch (Exception problem) when (problem is JsonException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}
