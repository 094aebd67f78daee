using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using DepinGrains.Domain.Subnets.Serving.OpenAi;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Asks one miner and looks at its headers.</summary>
public sealed class MinerCall(MinerConnections connections, MinerSigner signer)
{
    /// <summary>The body of an answer that begins well; throws for all else.</summary>
    internal async Task<(HttpResponseMessage Answer, Stream Body)> AskAsync(Miner miner, InferenceRequest request, string id, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, miner.Address + PathOf(request.Kind))
        {
            Content = new ReadOnlyMemoryContent(request.Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        message.Headers.TryAddWithoutValidation("Accept", request.Stream ? "text/event-stream" : "application/json");
        message.Headers.TryAddWithoutValidation("User-Agent", "depin-gateway");
        signer.Sign(message, request.Body.Span, id);
        var answer = await connections.SendAsync(message, miner.Tunnel, cancel);
        try
        {
            Check(answer, request.Stream ? "text/event-stream" : "application/json");
            return (answer, await answer.Content.ReadAsStreamAsync(cancel));
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    /// <summary>Why a try failed, in one word; null for a bug of ours.</summary>
    internal static string? ReasonOf(Exception problem) => problem switch
    {
        MinerException known => known.Reason,
        EgressException => "address",
        HttpRequestException { InnerException: MinerException known } => known.Reason,
        HttpRequestException { InnerException: EgressException } => "address",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "headers",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } => "connect",
        OperationCanceledException => "timeout",
        HttpRequestException or IOException or SocketException => "broken",
        _ => null,
    };

    private static string PathOf(InferenceKind kind) => kind switch
    {
        InferenceKind.Chat => "/chat/completions",
        InferenceKind.Completion => "/completions",
        InferenceKind.Embedding => "/embeddings",
        _ => "/images/generations",
    };

    private static void Check(HttpResponseMessage answer, string type)
    {
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new MinerException((int)answer.StatusCode switch
            {
                >= 300 and < 400 => "redirect",
                429 => MinerBook.Busy,
                400 or 404 or 405 or 413 or 415 or 422 or 501 => MinerBook.Refused,
                _ => "status",
            });
        }

        if (!string.Equals(answer.Content.Headers.ContentType?.MediaType, type, StringComparison.OrdinalIgnoreCase) || answer.Content.Headers.ContentEncoding.Count > 0)
        {
            throw new MinerException("content_type");
        }
    }
}
