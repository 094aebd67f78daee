using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace DepinGrains.Cli.Subnets.Mining;

/// <summary>Passes requests on to a model's own server, under the name it knows itself by, and streams its answer back as it comes.</summary>
internal sealed class UpstreamModel(Uri upstream, string? model) : IMinerModel, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly string _base = upstream.ToString().TrimEnd('/');

    public async Task AnswerAsync(HttpContext context, string path, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_base}/{path}") { Content = new ByteArrayContent(Rename(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await using var stream = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[16_384];
        int read;
        while ((read = await stream.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    public void Dispose() => _http.Dispose();

    private byte[] Rename(byte[] body)
    {
        if (model is null)
        {
            return body;
        }

        var request = JsonNode.Parse(body)!.AsObject();
        request["model"] = model;
        return JsonSerializer.SerializeToUtf8Bytes(request);
    }
}
