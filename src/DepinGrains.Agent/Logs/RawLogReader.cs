using System.Text;
using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Logs;

/// <summary>
/// Takes lines from a file that a process appends to, and keeps the file short: a program that writes faster than lines can be kept loses some, never its node's disk. Bytes that are no UTF-8 become U+FFFD.
/// </summary>
internal sealed class RawLogReader(string path, bool error, LogBook book, LogOptions options)
{
    private const int ChunkBytes = 256 << 10;
    private const int TakeBytesMax = 4 << 20;
    private const long TrimBytes = 8 << 20;

    /// <summary>Takes over some of what is there; returns true when there may be more.</summary>
    /// <param name="now">Time the lines get.</param>
    /// <param name="last">The process has ended: a last line without an end counts.</param>
    public bool Take(DateTimeOffset now, bool last)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var position = book.Source(error);
        if (position > stream.Length)
        {
            position = 0;
        }

        var buffer = new byte[ChunkBytes];
        for (var taken = 0; taken < TakeBytesMax;)
        {
            stream.Position = position;
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (read == 0)
            {
                return false;
            }

            var lines = new List<(bool, DateTimeOffset, string, long)>();
            var used = Split(buffer.AsSpan(0, read), position, now, last && read < buffer.Length, lines);
            if (lines.Count == 0)
            {
                return false;
            }

            book.Append(lines);
            position += used;
            taken += used;
        }

        return true;
    }

    /// <summary>
    /// Empties the file when all of it was taken over and it is large, or when it is larger than it may be. What was written in the instant between reading and emptying, or could not be taken over in time, is lost; the
    /// alternative is a full disk. The processes append, so they go on at the beginning.
    /// </summary>
    public void Trim(DateTimeOffset now)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length <= Math.Min(options.RawBytes, TrimBytes))
        {
            return;
        }

        var behind = file.Length - book.Source(error);
        if (behind != 0 && file.Length <= options.RawBytes)
        {
            return;
        }

        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(0);
        }

        book.ResetSource(error);
        if (behind > 0)
        {
            book.Note(now, $"{behind} bytes of {(error ? "standard error" : "standard output")} were lost: they came faster than they can be kept");
        }
    }

    private int Split(ReadOnlySpan<byte> bytes, long position, DateTimeOffset now, bool last, List<(bool, DateTimeOffset, string, long)> lines)
    {
        var used = 0;
        while (used < bytes.Length)
        {
            var rest = bytes[used..];
            var end = rest.IndexOf((byte)'\n');
            int length, skip;
            if (end >= 0 && end <= options.LineBytes)
            {
                (length, skip) = (end, 1);
            }
            else if (rest.Length > options.LineBytes)
            {
                // Too long for one line: cut, not in the middle of a character.
                length = options.LineBytes;
                while (length > options.LineBytes - 4 && (rest[length] & 0xC0) == 0x80)
                {
                    length--;
                }

                skip = 0;
            }
            else if (last)
            {
                (length, skip) = (rest.Length, 0);
            }
            else
            {
                break;
            }

            used += length + skip;
            var text = rest[..length];
            lines.Add((error, now, Encoding.UTF8.GetString(text.EndsWith("\r"u8) ? text[..^1] : text), position + used));
        }

        return used;
    }
}
