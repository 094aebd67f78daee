using DepinGrains.Domain.Subnets.Serving.OpenAi;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>One event of a miner's stream, rewritten for the caller.</summary>
/// <param name="Event">Bytes to write; null when there is nothing in it for the caller.</param>
/// <param name="TextBytes">UTF-8 bytes of text in it.</param>
/// <param name="Finished">It says why the answer ended.</param>
/// <param name="IsDone">The stream's own end.</param>
internal readonly record struct StreamPiece(byte[]? Event, long TextBytes, bool Finished, bool IsDone)
{
    /// <summary>Reads an event's data; throws for what is no piece of an answer.</summary>
    public static StreamPiece Read(ReadOnlySpan<byte> data, AnswerFrame frame, int choicesMax)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return new StreamPiece(null, 0, false, true);
        }

        if (!AnswerReader.TryRead(data, frame.List, choicesMax, out var part))
        {
            throw new MinerException("garbage");
        }

        // Without choices it is the miner's own usage, which nobody asked for.
        return part.Items == 0 ? default : new StreamPiece(frame.Event(data.Slice(part.Start, part.Length)), part.TextBytes, part.Finished, false);
    }
}
