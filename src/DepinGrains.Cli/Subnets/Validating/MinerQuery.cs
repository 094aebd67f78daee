using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Domain.Subnets.Serving.OpenAi;
using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Gateway.Subnets.Serving;
using DepinGrains.Gateway.Subnets.Tunnels;

namespace DepinGrains.Cli.Subnets.Validating;

/// <summary>
/// Asks one miner one question, signed: straight, through the same policy of addresses as gateways, or through the network's gateway where the miner is behind an agent. Whatever goes wrong is no answer; but who could not be
/// asked, because the gateway has no place, is not said to have been.
/// </summary>
internal sealed class MinerQuery(RequestSigner signer, GatewayTunnels tunnels, bool privateToo, TimeSpan timeout) : IDisposable
{
    private const int AnswerBytesMax = 16 << 20;
    private readonly HttpMessageInvoker _http = new(EgressHttp.Handler(privateToo, timeout, headerKilobytesMax: 16, connectionsMax: 4));

    public async Task<MinerAnswer> AskAsync(MinerAddress miner, string model, Challenge challenge, bool image, CancellationToken cancel)
    {
        using var place = miner.Tunnelled ? await tunnels.WaitAsync(cancel) : null;
        var (uid, started) = (miner.Uid, Stopwatch.GetTimestamp());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            var body = Body(model, challenge, image);
            using var request = new HttpRequestMessage(HttpMethod.Post, miner.Endpoint.TrimEnd('/') + (image ? "/images/generations" : "/chat/completions"))
            {
                Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            };
            await signer.SignAsync(request, cancel: limit.Token);
            using var answer = await SendAsync(miner, request, limit.Token);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return Answer(null, $"status {(int)answer.StatusCode}");
            }

            return Read(await ReadAsync(answer, limit.Token), image) is { } content ? Answer(content, null) : Answer(null, "garbage");
        }
        catch (HttpRequestException unasked) when (!cancel.IsCancellationRequested && GatewayTunnels.WhyNotAsked(unasked) is { } why)
        {
            return Answer(null, why) with { Asked = false };
        }
        catch (Exception bad) when (!cancel.IsCancellationRequested && bad is HttpRequestException or IOException or OperationCanceledException or JsonException or InvalidOperationException or SocketException or WebSocketException or UriFormatException)
        {
            return Answer(null, Reason(bad));
        }

        MinerAnswer Answer(string? content, string? problem) => new(new ChallengeAnswer(uid, content, (long)Stopwatch.GetElapsedTime(started).TotalMicroseconds), problem);
    }

    public void Dispose() => _http.Dispose();

    private Task<HttpResponseMessage> SendAsync(MinerAddress miner, HttpRequestMessage request, CancellationToken cancel)
    {
        if (miner.Tunnelled)
        {
            return tunnels.SendAsync(miner.Uid, request, cancel);
        }

        EgressHttp.Check(miner.Endpoint, privateToo);
        return _http.SendAsync(request, cancel);
    }

    private static string Reason(Exception bad) => bad switch
    {
        EgressException or HttpRequestException { InnerException: EgressException } => "address not allowed",
        HttpRequestException { InnerException: TunnelRefusedException } => "not reached",
        OperationCanceledException => "timeout",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } => "not reached",
        JsonException or InvalidOperationException => "garbage",
        _ => "broken",
    };

    private static byte[] Body(string model, Challenge challenge, bool image)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            if (image)
            {
                json.WriteString("prompt", challenge.Prompt);
                json.WriteNumber("n", 1);
                json.WriteString("response_format", "b64_json");
            }
            else
            {
                json.WriteStartArray("messages");
                json.WriteStartObject();
                json.WriteString("role", "user");
                json.WriteString("content", challenge.Prompt);
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteNumber("max_tokens", challenge.AnswerTokensMax);
                json.WriteBoolean("stream", false);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancel);
        using var document = new MemoryStream();
        var buffer = new byte[16_384];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancel)) > 0)
        {
            document.Write(buffer, 0, read);
            if (document.Length > AnswerBytesMax)
            {
                throw new IOException("too large");
            }
        }

        return document.ToArray();
    }

    private static string? Read(byte[] json, bool image)
    {
        if (!AnswerReader.TryRead(json, image ? "data"u8 : "choices"u8, 1, out var part) || part.Items != 1)
        {
            return null;
        }

        using var list = JsonDocument.Parse(json.AsMemory(part.Start, part.Length));
        var item = list.RootElement[0];
        return image
            ? item.TryGetProperty("b64_json", out var bytes) && bytes.ValueKind == JsonValueKind.String ? bytes.GetString() : null
            : item.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object && message.TryGetProperty("content", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
    }
}

/// <summary>What came of a question.</summary>
/// <param name="Problem">Why nothing did, in a word or two; null when an answer came, right or wrong.</param>
/// <param name="Asked">False: it never reached the miner, and says nothing about it.</param>
internal readonly record struct MinerAnswer(ChallengeAnswer Answer, string? Problem, bool Asked = true);

/// <summary>Where a miner answers.</summary>
/// <param name="Endpoint">As announced.</param>
/// <param name="Tunnelled">Behind its node's agent: only gateways reach it.</param>
internal readonly record struct MinerAddress(int Uid, string Endpoint, bool Tunnelled);
