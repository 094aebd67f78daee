using DepinGrains.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>A proxy that loses an answer: the request arrives and is carried out, then the connection breaks, and for a while nobody listens any more, as when a host is killed and started again.</summary>
internal sealed class LossyProxy : IAsyncDisposable
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(4);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
    private readonly string _target;
    private readonly string _lost;
    private WebApplication? _app;
    private Task _back = Task.CompletedTask;
    private int _seen;

    private LossyProxy(string target, string lost) => (_target, _lost) = (target, lost);

    /// <summary>The near side.</summary>
    public string Url { get; } = $"http://127.0.0.1:{Ports.Free()}";

    /// <summary>Answers lost so far.</summary>
    public int Lost { get; private set; }

    /// <summary>Loses the first answer to a POST whose path ends with <paramref name="lost"/>.</summary>
    public static async Task<LossyProxy> StartAsync(string target, string lost)
    {
        var proxy = new LossyProxy(target, lost);
        await proxy.ListenAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _back;
        await _app!.DisposeAsync();
        _http.Dispose();
    }

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Url);
        _app = builder.Build();
        _app.Run(ServeAsync);
        await _app.StartAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        using var answer = await ForwardAsync(context.Request);
        if (context.Request.Method == "POST" && context.Request.Path.Value!.EndsWith(_lost, StringComparison.Ordinal) && answer.IsSuccessStatusCode && Interlocked.Increment(ref _seen) == 1)
        {
            Lost++;
            context.Abort();
            _back = Task.Run(AwayAsync);
            return;
        }

        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(context.Response.Body);
    }

    private async Task AwayAsync()
    {
        await _app!.DisposeAsync();
        using var timer = new PeriodicTimer(Away);
        await timer.WaitForNextTickAsync();
        await ListenAsync();
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        using var forwarded = new HttpRequestMessage(new HttpMethod(request.Method), $"{_target}{request.Path}{request.QueryString}") { Content = body.Length > 0 ? new ByteArrayContent(body.ToArray()) : null };
        foreach (var (name, value) in request.Headers)
        {
            // Host too: signatures are bound to the address that was called.
            if (!forwarded.Headers.TryAddWithoutValidation(name, (string?)value))
            {
                forwarded.Content?.Headers.TryAddWithoutValidation(name, (string?)value);
            }
        }

        return await _http.SendAsync(forwarded);
    }
}
