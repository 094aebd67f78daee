using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DepinGrains.Benchmarks.Harness;
using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;

namespace DepinGrains.Benchmarks.Http;

/// <summary>What the loader is told. Without keys it speaks to peer-aspnet.</summary>
internal sealed record HttpLoad(string Address, string[] Keys, string Token, int Connections, int Seconds, int RatePrepared);

/// <summary>What a loader measured. Milliseconds.</summary>
internal sealed record Loaded(double Rate, double P50, double P99, double Seconds, long Failed, string Problem);

/// <summary>Sends prepared requests over keep-alive connections, one under way on each.</summary>
internal sealed class HttpLoader(HttpLoad load)
{
    private readonly Uri _address = new(load.Address);
    private byte[][] _requests = [];
    private int _next = -1;
    private long _failed;
    private string _problem = "";

    /// <summary>Makes and signs the requests.</summary>
    public void Prepare()
    {
        var keys = load.Keys.Select(static pem => SigningKey.FromPem(pem)).Select(static key => (Key: key, Signer: new RequestSigner(key, IdentityIds.ForFirstKey(key.KeyId, "")))).ToArray();
        var recipients = Enumerable.Range(0, 10_000).Select(static i => IdentityIds.ForFirstKey("recipient", i.ToString(CultureInfo.InvariantCulture))).ToArray();
        _requests = new byte[load.Seconds * load.RatePrepared][];
        Parallel.For(0, _requests.Length, i => _requests[i] = keys.Length == 0 ? Peer() : Ours(keys[i % keys.Length].Signer, recipients));
    }

    public async Task<Loaded> RunAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var end = started + (load.Seconds * Stopwatch.Frequency);
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(Enumerable.Range(0, load.Connections).Select(_ => Task.Run(() => ConnectionAsync(end)))))
        {
            all.Merge(latencies);
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Loaded(all.Count / seconds, all.Percentile(0.5), all.Percentile(0.99), seconds, _failed, _problem);
    }

    private async Task<Latencies> ConnectionAsync(long end)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(_address.Host), _address.Port));
        var buffer = new byte[16_384];
        var latencies = new Latencies();
        while (Stopwatch.GetTimestamp() < end && Interlocked.Increment(ref _next) is var next && next < _requests.Length)
        {
            var started = Stopwatch.GetTimestamp();
            await socket.SendAsync(_requests[next]);
            var length = 0;
            do
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(length));
                length += read > 0 ? read : throw new IOException("the server closed a connection");
            }
            while (!IsWhole(buffer.AsSpan(0, length)));
            latencies.Add(started);
            if (!buffer.AsSpan(9, 3).SequenceEqual("200"u8) && Interlocked.Increment(ref _failed) == 1)
            {
                _problem = Encoding.UTF8.GetString(buffer, 0, length);
            }
        }

        return latencies;
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var length = answer[..head].IndexOf("Content-Length: "u8);
        return length < 0
            ? answer.EndsWith("0\r\n\r\n"u8)
            : System.Buffers.Text.Utf8Parser.TryParse(answer[(length + 16)..], out int bytes, out _) && answer.Length >= head + 4 + bytes;
    }

    private byte[] Ours(RequestSigner signer, string[] recipients)
    {
        var body = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"to":"{{recipients[Random.Shared.Next(recipients.Length)]}}","amount":{{Random.Shared.Next(1, 101)}}}"""));
        var path = $"/v1/ledgers/{load.Token}/transfers";
        var signed = signer.Sign("POST", new Uri(_address, path), body, RequestSigner.NewIdempotencyKey());
        return Request(
            path,
            $"Idempotency-Key: {signed.IdempotencyKey}\r\nContent-Digest: {SignatureBase.ContentDigest(signed.BodySha256.AsSpan())}\r\nSignature-Input: sig1={signed.SignatureInput}\r\nSignature: sig1=:{Convert.ToBase64String(signed.Signature.AsSpan())}:\r\n",
            body);
    }

    private byte[] Peer()
    {
        var from = Random.Shared.Next(10_000);
        var to = (from + 1 + Random.Shared.Next(9_999)) % 10_000;
        return Request("/transfers", "", Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $$"""{"id":"{{Guid.NewGuid()}}","from":{{from + 1}},"to":{{to + 1}},"amount":{{Random.Shared.Next(1, 101)}}}""")));
    }

    private byte[] Request(string path, string headers, byte[] body) =>
        [.. Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: {_address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{headers}\r\n"), .. body];
}
