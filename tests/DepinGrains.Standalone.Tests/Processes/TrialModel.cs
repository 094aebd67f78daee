using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Validating;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>How a model behaves.</summary>
internal enum ModelManner
{
    /// <summary>Right answers to the deterministic task.</summary>
    Right,

    /// <summary>Fluent nonsense.</summary>
    Wrong,

    /// <summary>Takes requests and says nothing.</summary>
    Hangs,

    /// <summary>500.</summary>
    Breaks,
}

/// <summary>A model's server as llama.cpp or Ollama is one, for miners to pass requests on to; it can be held in the middle of an answer.</summary>
internal sealed class TrialModel : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    public TrialModel(ModelManner manner)
    {
        Manner = manner;
        var port = Programs.FreePort();
        Address = $"http://127.0.0.1:{port}/v1";
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Address { get; }

    public ModelManner Manner { get; set; }

    /// <summary>Where the next answer to a person waits; null: nowhere.</summary>
    public Held? Hold { get; set; }

    /// <summary>Set once a request is left hanging.</summary>
    public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Close();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        List<Task> open = [];
        try
        {
            while (true)
            {
                open.Add(AnswerAsync(await _listener.GetContextAsync()));
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            var request = (await JsonNode.ParseAsync(context.Request.InputStream))!;
            var prompt = (string)request["messages"]!.AsArray()[^1]!["content"]!;
            if (Manner == ModelManner.Hangs)
            {
                Hanging.TrySetResult();
                await Task.Delay(Timeout.Infinite, _end.Token);
            }

            if (Manner == ModelManner.Breaks)
            {
                context.Response.StatusCode = 500;
                return;
            }

            string[] words = [.. DeterministicTask.Answer(Manner == ModelManner.Wrong ? "something else" : prompt, DeterministicChallenges.Words)];
            await ((bool?)request["stream"] is true ? StreamAsync(context.Response, words) : WholeAsync(context.Response, words));
        }
        catch (Exception gone) when (gone is HttpListenerException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Whoever asked has left.
        }
        finally
        {
            context.Response.Abort();
        }
    }

    private static async Task WholeAsync(HttpListenerResponse response, string[] words)
    {
        response.ContentType = "application/json";
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new { choices = new[] { new { index = 0, message = new { role = "assistant", content = string.Concat(words) }, finish_reason = "stop" } } });
        await response.OutputStream.WriteAsync(bytes);
        response.Close();
    }

    private async Task StreamAsync(HttpListenerResponse response, string[] words)
    {
        (response.ContentType, response.SendChunked) = ("text/event-stream", true);
        var (hold, _) = (Hold, Hold = null);
        for (var i = 0; i <= words.Length; i++)
        {
            if (hold is not null && i == hold.BeforeWord)
            {
                hold.Reached.TrySetResult();
                await hold.GoOn.Task.WaitAsync(_end.Token);
            }

            var choice = i < words.Length ? $$"""{"index":0,"delta":{"content":"{{words[i]}}"},"finish_reason":null}""" : """{"index":0,"delta":{},"finish_reason":"stop"}""";
            await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes($$"""data: {"choices":[{{choice}}]}""" + "\n\n"));
            await response.OutputStream.FlushAsync();
        }

        await response.OutputStream.WriteAsync("data: [DONE]\n\n"u8.ToArray());
        response.Close();
    }

    /// <summary>A place in an answer at which it waits.</summary>
    internal sealed class Held(int beforeWord)
    {
        public int BeforeWord => beforeWord;

        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
