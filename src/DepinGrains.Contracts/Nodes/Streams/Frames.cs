namespace DepinGrains.Contracts.Nodes.Streams;

/// <summary>Bytes of streams in messages.</summary>
public static class Frames
{
    private const int TextMax = ((AgentProtocol.StreamFrameBytesMax + 2) / 3) * 4;

    /// <summary>False when it is no base64, or more than one frame.</summary>
    public static bool TryDecode(string? base64, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        if (string.IsNullOrEmpty(base64))
        {
            return base64 is not null;
        }

        if (base64.Length > TextMax)
        {
            return false;
        }

        var buffer = new byte[base64.Length / 4 * 3];
        if (!Convert.TryFromBase64String(base64, buffer, out var length))
        {
            return false;
        }

        bytes = buffer.AsMemory(0, length);
        return true;
    }
}
