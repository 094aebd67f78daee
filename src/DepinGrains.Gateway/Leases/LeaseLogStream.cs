using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes;

namespace DepinGrains.Gateway.Leases;

/// <summary>
/// The log lines of a lease's workloads as one stream. Each event's id says how far every workload was read (<c>offset.offset…</c> in the lease's order, <c>-</c>: nothing yet), so that a reader
/// whose connection broke goes on with the next line of each.
/// </summary>
internal sealed class LeaseLogStream(HttpContext context, AgentConnections agents, LeaseRelay relay, IReadOnlyList<LeaseRelay.Place> places, int tail, bool follow)
{
    private const int BufferLines = 256;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The last line seen of each workload, −1: none; null when the text is not of this lease's streams. No text: nothing seen.</summary>
    public static long[]? Seen(string text, int workloads)
    {
        if (text.Length == 0)
        {
            return [.. Enumerable.Repeat(-1L, workloads)];
        }

        var parts = text.Split('.');
        var seen = new long[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] == "-")
            {
                seen[i] = -1;
            }
            else if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out seen[i]))
            {
                return null;
            }
        }

        return parts.Length == workloads ? seen : null;
    }

    /// <summary>Lines after those seen, or the last <c>tail</c> of a workload of which nothing was: one workload after the other, or, followed, all of them as they come.</summary>
    public IAsyncEnumerable<StreamEvent> ReadAsync(long[] seen, CancellationToken cancel) => follow && places.Count > 1 ? MergedAsync(seen, cancel) : OneByOneAsync(seen, cancel);

    private async IAsyncEnumerable<StreamEvent> OneByOneAsync(long[] seen, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (var i = 0; i < places.Count; i++)
        {
            await foreach (var (offset, line) in LinesAsync(places[i], seen[i], cancel))
            {
                yield return Event(seen, i, offset, line);
            }
        }
    }

    private async IAsyncEnumerable<StreamEvent> MergedAsync(long[] seen, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var lines = Channel.CreateBounded<(int Workload, long Offset, byte[] Line)>(new BoundedChannelOptions(BufferLines) { SingleReader = true });
        var readers = places.Select((place, i) => PumpAsync(place, i, seen[i], lines.Writer, end.Token)).ToArray();
        var all = CompleteAsync(readers, lines.Writer);
        try
        {
            await foreach (var (workload, offset, line) in lines.Reader.ReadAllAsync(cancel))
            {
                yield return Event(seen, workload, offset, line);
            }
        }
        finally
        {
            await end.CancelAsync();
            await all;
        }
    }

    private async Task PumpAsync(LeaseRelay.Place place, int workload, long seen, ChannelWriter<(int Workload, long Offset, byte[] Line)> lines, CancellationToken cancel)
    {
        await foreach (var (offset, line) in LinesAsync(place, seen, cancel))
        {
            await lines.WriteAsync((workload, offset, line), cancel);
        }
    }

    // The first that breaks ends the stream: its reader comes back with what it has seen of all.
    private static async Task CompleteAsync(Task[] readers, ChannelWriter<(int Workload, long Offset, byte[] Line)> lines)
    {
        var left = readers.ToList();
        Exception? problem = null;
        while (left.Count > 0 && problem is null)
        {
            var ended = await Task.WhenAny(left);
            left.Remove(ended);
            problem = ended.Exception?.InnerException;
        }

        lines.TryComplete(problem);
        await Task.WhenAll(left).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async IAsyncEnumerable<(long Offset, byte[] Line)> LinesAsync(LeaseRelay.Place place, long seen, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (place.Peer is not null)
        {
            await foreach (var line in relay.LinesAsync(context, place, seen, cancel))
            {
                yield return line;
            }

            yield break;
        }

        await foreach (var line in agents.StreamLogsAsync(place.Workload.Node, place.Workload.Id, seen < 0 ? -1 : seen + 1, tail, follow, cancel))
        {
            yield return (line.Offset, JsonSerializer.SerializeToUtf8Bytes(line, Json));
        }
    }

    private static StreamEvent Event(long[] seen, int workload, long offset, byte[] line)
    {
        // A line of the agent's own (it could not read the log) has no number.
        seen[workload] = Math.Max(seen[workload], offset);
        return new StreamEvent(Text(seen), "log", line);
    }

    /// <summary>How positions are written.</summary>
    public static string Text(params ReadOnlySpan<long> seen)
    {
        var text = new System.Text.StringBuilder();
        foreach (var offset in seen)
        {
            text.Append(text.Length > 0 ? "." : "").Append(offset < 0 ? "-" : offset.ToString(CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
