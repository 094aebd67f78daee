using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Http.Headers;
using DepinGrains.Benchmarks.Harness;

namespace DepinGrains.Benchmarks.Subnets;

/// <summary>So many streamed chats at once, each followed by the next; measures how long every token was under way.</summary>
internal sealed class InferenceClients(Uri address, string apiKey, int streams) : IDisposable
{
    private static readonly TimeSpan RampUp = TimeSpan.FromSeconds(1.5);
    private static readonly byte[] Body = """{"model":"subnet-1","stream":true,"max_tokens":256,"messages":[{"role":"user","content":"How late are you?"}]}"""u8.ToArray();
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = streams + 64, UseProxy = false, ActivityHeadersPropagator = null });

    public async Task<Measured> RunAsync(string name, int seconds, int serverPid)
    {
        // All streams are open before anything counts.
        var from = Stopwatch.GetTimestamp() + (long)(RampUp.TotalSeconds * Stopwatch.Frequency);
        var to = from + (seconds * Stopwatch.Frequency);
        using var end = new CancellationTokenSource(RampUp + TimeSpan.FromSeconds(seconds));
        var running = Enumerable.Range(0, streams).Select(_ => Task.Run(() => StreamsAsync(from, to, end.Token))).ToArray();
        await Task.Delay(RampUp);
        var machine = Machine.Watch(serverPid);
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(running))
        {
            all.Merge(latencies);
        }

        return new Measured(name, all.Count / (double)seconds, all.Percentile(0.5), all.Percentile(0.99), seconds, machine.Stop());
    }

    public void Dispose() => _http.Dispose();

    private async Task<Latencies> StreamsAsync(long from, long to, CancellationToken end)
    {
        var latencies = new Latencies();
        try
        {
            await Task.Delay(Random.Shared.Next(0, 1_000), end);
            while (true)
            {
                await StreamAsync(latencies, from, to, end);
            }
        }
        catch (Exception ended) when (end.IsCancellationRequested && ended is OperationCanceledException or IOException or HttpRequestException)
        {
            return latencies;
        }
    }

    private async Task StreamAsync(Latencies latencies, long from, long to, CancellationToken end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "chat/completions"));
        request.Content = new ByteArrayContent(Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + apiKey);
        using var answer = await _http.SendAsync(request, end);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(end)}");
        }

        await using var stream = await answer.Content.ReadAsStreamAsync(end);
        var buffer = new byte[16_384];
        int length = 0, read;
        while ((read = await stream.ReadAsync(buffer.AsMemory(length), end)) > 0)
        {
            var now = Stopwatch.GetTimestamp();
            length = Take(buffer, length + read, now >= from && now < to ? latencies : null, now);
        }
    }

    /// <summary>Measures the tokens that are whole; answers how many bytes of the next one are there.</summary>
    private static int Take(byte[] buffer, int length, Latencies? latencies, long now)
    {
        var rest = buffer.AsSpan(0, length);
        while (rest.IndexOf("\n\n"u8) is >= 0 and var end)
        {
            var at = rest[..end].IndexOf((byte)'@');
            if (at >= 0 && Utf8Parser.TryParse(rest[(at + 1)..end], out long sent, out _))
            {
                latencies?.Add(Stopwatch.GetElapsedTime(sent, now));
            }

            rest = rest[(end + 2)..];
        }

        rest.CopyTo(buffer);
        return rest.Length;
    }
}
