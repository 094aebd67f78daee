using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Gateway.Tests.Subnets.Serving;

/// <summary>An honest miner on a real port: answers the deterministic task as llama.cpp and vLLM frame it; its usage is what the test says it claims.</summary>
public sealed class SampleMiner : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SampleMiner(WebApplication app) => _app = app;

    public string Address => _app.Urls.First() + "/v1";

    /// <summary>Bodies of requests, as they came.</summary>
    public ConcurrentQueue<JsonNode> Requests { get; } = [];

    /// <summary>Headers of the last request.</summary>
    public IHeaderDictionary? Headers { get; private set; }

    /// <summary>Words it writes.</summary>
    public int Words { get; set; } = 8;

    /// <summary>Tokens it says it used.</summary>
    public long Claims { get; set; } = 5;

    /// <summary>Waits for the test before a word; the word's number is given.</summary>
    public Func<int, CancellationToken, Task> Before { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>Completed when a caller of a stream left early.</summary>
    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<SampleMiner> StartAsync(int words = 8)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var miner = new SampleMiner(app) { Words = words };
        app.MapPost("/v1/chat/completions", miner.ChatAsync);
        app.MapPost("/v1/completions", miner.CompletionAsync);
        app.MapPost("/v1/embeddings", miner.EmbedAsync);
        app.MapPost("/v1/images/generations", miner.ImageAsync);
        await app.StartAsync();
        return miner;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
    }

    private async Task ChatAsync(HttpContext context)
    {
        var request = await TakeAsync(context);
        var prompt = (string)request["messages"]!.AsArray()[^1]!["content"]!;
        if ((bool)request["stream"]!)
        {
            await StreamAsync(context, DeterministicTask.Answer(prompt, Words), static word => new JsonObject { ["index"] = 0, ["delta"] = word is null ? new JsonObject() : new JsonObject { ["content"] = word }, ["finish_reason"] = word is null ? "stop" : null });
            return;
        }

        await Before(0, context.RequestAborted);
        await JsonAsync(context, new JsonObject
        {
            ["id"] = "miner-made", ["object"] = "chat.completion", ["model"] = "llama",
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["finish_reason"] = "stop", ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = DeterministicTask.Text(prompt, Words) } }),
            ["usage"] = Usage(),
        });
    }

    private async Task CompletionAsync(HttpContext context)
    {
        var request = await TakeAsync(context);
        var prompt = (string)request["prompt"]!;
        if ((bool)request["stream"]!)
        {
            await StreamAsync(context, DeterministicTask.Answer(prompt, Words), static word => new JsonObject { ["index"] = 0, ["text"] = word ?? "", ["finish_reason"] = word is null ? "stop" : null });
            return;
        }

        await JsonAsync(context, new JsonObject
        {
            ["id"] = "x", ["object"] = "text_completion", ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["text"] = DeterministicTask.Text(prompt, Words), ["finish_reason"] = "stop" }), ["usage"] = Usage(),
        });
    }

    private async Task EmbedAsync(HttpContext context)
    {
        var input = (await TakeAsync(context))["input"]!;
        var count = input is JsonArray many ? many.Count : 1;
        await JsonAsync(context, new JsonObject
        {
            ["object"] = "list", ["data"] = new JsonArray([.. Enumerable.Range(0, count).Select(static i => new JsonObject { ["object"] = "embedding", ["index"] = i, ["embedding"] = new JsonArray(0.25, i, -1.5) })]), ["usage"] = Usage(),
        });
    }

    private async Task ImageAsync(HttpContext context)
    {
        var count = (int)(await TakeAsync(context))["n"]!;
        await JsonAsync(context, new JsonObject { ["created"] = 1, ["data"] = new JsonArray([.. Enumerable.Range(0, count).Select(static _ => new JsonObject { ["b64_json"] = "iVBORw0KGgo=" })]) });
    }

    private async Task StreamAsync(HttpContext context, IEnumerable<string> words, Func<string?, JsonObject> choice)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        try
        {
            await EventAsync(context, new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["role"] = "assistant", ["content"] = "" }, ["text"] = "" }) });
            var n = 0;
            foreach (var word in words)
            {
                await Before(n++, context.RequestAborted);
                await EventAsync(context, new JsonObject { ["id"] = "miner-made", ["model"] = "llama", ["choices"] = new JsonArray(choice(word)) });
            }

            await EventAsync(context, new JsonObject { ["choices"] = new JsonArray(choice(null)) });
            await EventAsync(context, new JsonObject { ["choices"] = new JsonArray(), ["usage"] = Usage() });
            await context.Response.WriteAsync("data: [DONE]\n\n");
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            Left.TrySetResult();
        }
    }

    private static Task EventAsync(HttpContext context, JsonObject piece) => context.Response.WriteAsync($"data: {piece.ToJsonString()}\n\n", context.RequestAborted);

    private static Task JsonAsync(HttpContext context, JsonObject answer)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(answer.ToJsonString());
    }

    private JsonObject Usage() => new() { ["prompt_tokens"] = Claims, ["completion_tokens"] = Claims, ["total_tokens"] = Claims * 2 };

    private async Task<JsonNode> TakeAsync(HttpContext context)
    {
        Headers = new HeaderDictionary(context.Request.Headers.ToDictionary(static h => h.Key, static h => h.Value));
        var body = (await JsonNode.ParseAsync(context.Request.Body))!;
        Requests.Enqueue(body);
        return body;
    }
}

/// <summary>A miner that writes raw bytes: after a request's head and body came, the test's script has the socket.</summary>
public sealed class RawMiner : IAsyncDisposable
{
    public const string StreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

    public const string WholeHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<NetworkStream, CancellationToken, Task> _script;
    private readonly Task _accepting;

    public RawMiner(Func<NetworkStream, CancellationToken, Task> script)
    {
        _script = script;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Address => $"http://127.0.0.1:{Port}/v1";

    /// <summary>Requests that came.</summary>
    public int Requests => Volatile.Read(ref _requests);

    private int _requests;

    /// <summary>A miner that writes this and closes.</summary>
    public static RawMiner Says(string bytes) => new((socket, cancel) => socket.WriteAsync(Encoding.UTF8.GetBytes(bytes), cancel).AsTask());

    /// <summary>A chat that is not streamed, with so much beside its text as probabilities take.</summary>
    public static string Whole(string content, string beside = "") =>
        $"{WholeHead}{{\"choices\":[{{\"index\":0,\"message\":{{\"content\":\"{content}\"}},\"logprobs\":{{\"content\":[{{\"token\":\"{beside}\"}}]}},\"finish_reason\":\"stop\"}}]}}";

    /// <summary>One piece of a streamed chat.</summary>
    public static string Piece(string content) => $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":null}}]}}\n\n";

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> open = [];
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var socket = client;
        try
        {
            var stream = socket.GetStream();
            await ReadRequestAsync(stream);
            Interlocked.Increment(ref _requests);
            await _script(stream, _end.Token);
            socket.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or SocketException)
        {
            // The gateway had enough.
        }
    }

    private async Task ReadRequestAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[4_096];
        int head, length;
        do
        {
            var read = await stream.ReadAsync(buffer, _end.Token);
            if (read == 0)
            {
                throw new IOException("closed");
            }

            bytes.AddRange(buffer.AsSpan(0, read));
            var text = Encoding.ASCII.GetString([.. bytes]);
            head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var at = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            length = at < 0 ? 0 : int.Parse(text.AsSpan(at + 16, text.IndexOf('\r', at) - at - 16), System.Globalization.CultureInfo.InvariantCulture);
        }
        while (head < 0 || bytes.Count < head + 4 + length);
    }
}
