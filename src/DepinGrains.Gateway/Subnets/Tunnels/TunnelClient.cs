using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Gateway.Subnets.Tunnels;

/// <summary>
/// Opens a miner's tunnel at a gateway: for other gateways and (this file is compiled into <c>depin</c> too) for validators. The WebSocket's handshake is done by hand, because the framework's client throws away why it was
/// refused.
/// </summary>
internal static class TunnelClient
{
    private const int ProblemBytesMax = 64 << 10;
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <summary>Connections to gateways; each carries one tunnel.</summary>
    public static HttpMessageInvoker Http(TimeSpan connectTimeout) =>
        new(new SocketsHttpHandler { ConnectTimeout = connectTimeout, UseProxy = false, UseCookies = false, AllowAutoRedirect = false });

    /// <summary>Where a miner's tunnel is opened.</summary>
    /// <param name="hotkey">The validator's; null: a gateway asks.</param>
    public static string PathOf(int netuid, int uid, string? hotkey) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/v1/subnets/{netuid}/neurons/{uid}/tunnel{(hotkey is null ? "" : "?hotkey=" + Uri.EscapeDataString(hotkey))}");

    /// <summary>True when a refusal says that the miner is not there, false when it was not asked at all: places taken, limits, gateways' own troubles.</summary>
    public static bool IsOfTheMiner(Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return refusal.Code switch
        {
            "node.not_connected" or "tunnel.not_answered" or "axon.not_found" => true,
            "tunnel.refused" => refusal.Facts.FirstOrDefault(static f => f.Name == "reason").Value != "tunnel.limit",
            _ => false,
        };
    }

    /// <summary>Sends the signed request; the stream to the miner's port. <see cref="TunnelRefusedException"/> with the gateway's words, <see cref="HttpRequestException"/> when it cannot be reached.</summary>
    public static async Task<Stream> OpenAsync(HttpMessageInvoker http, HttpRequestMessage request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(request);
        (request.Version, request.VersionPolicy) = (HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact);
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)
            [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)))])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var answer = await http.SendAsync(request, cancel);
        if (answer.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            using (answer)
            {
                throw new TunnelRefusedException(await ReadAsync(answer, cancel));
            }
        }

        var socket = WebSocket.CreateFromStream(await answer.Content.ReadAsStreamAsync(cancel), new WebSocketCreationOptions { IsServer = false, KeepAliveInterval = KeepAlive });
        return WebSocketStream.Create(socket, WebSocketMessageType.Binary, CloseTimeout);
    }

    private static async Task<Refusal> ReadAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var status = (int)answer.StatusCode;
        try
        {
            await answer.Content.LoadIntoBufferAsync(ProblemBytesMax, cancel);
            using var problem = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
            var root = problem.RootElement;
            var reason = root.TryGetProperty("facts", out var facts) && facts.ValueKind == JsonValueKind.Object ? Text(facts, "reason") : "";
            return Text(root, "code") is { Length: > 0 } code ? Refusal.Of(code, Text(root, "detail"), ("status", status), ("reason", reason)) : Bare(status);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or HttpRequestException)
        {
            return Bare(status);
        }
    }

    private static string Text(JsonElement from, string name) => from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static Refusal Bare(int status) => Refusal.Of("tunnel.relay_unavailable", $"the gateway answered with status {status} and no reason", ("status", status));
}

/// <summary>A gateway opens no tunnel.</summary>
internal sealed class TunnelRefusedException(Refusal refusal) : IOException(refusal.ToString())
{
    public Refusal Refusal { get; } = refusal;
}
