using System.Text;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Streams;

/// <summary>Reads what workloads wrote to whoever asks. A reader that is slow is waited for; what is rotated away in the meantime he misses, and sees it by the lines' numbers.</summary>
internal sealed class LogReader(LogLibrary logs, AgentOptions options, TimeProvider clock)
{
    private const int BatchCharsMax = 256 << 10;

    public async Task<StreamEnd> RunAsync(GatewayLogRequest request, OpenStream stream)
    {
        if ((request.WorkloadId is { Length: > 0 and <= 512 } ? logs.Find(request.WorkloadId) : null) is not { } book)
        {
            return new StreamEnd("logs.not_found", "that workload has written nothing here");
        }

        var from = request.FromOffset >= 0 ? request.FromOffset : Math.Max(book.First, book.Next - Math.Max(0, request.TailLines));
        while (true)
        {
            var seen = book.Appended.Version;
            var lines = Cut(book.Read(from, options.Logs.BatchLines));
            if (lines.Count > 0)
            {
                from = lines[^1].Offset + 1;
                await stream.SendAsync(lines);
                continue;
            }

            if (!request.Follow)
            {
                return new StreamEnd("logs.ended", "no more lines");
            }

            await book.Appended.WaitAsync(seen, TimeSpan.FromMinutes(1), clock, stream.Ended);
        }
    }

    private static IReadOnlyList<LogLine> Cut(IReadOnlyList<LogLine> lines)
    {
        var bytes = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            // JSON may write a character as six.
            bytes += (Encoding.UTF8.GetByteCount(lines[i].Text) * 3) + 200;
            if (bytes > BatchCharsMax * 3 && i > 0)
            {
                return [.. lines.Take(i)];
            }
        }

        return lines;
    }
}
