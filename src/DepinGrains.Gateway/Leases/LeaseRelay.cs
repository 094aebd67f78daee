using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Leases;
using DepinGrains.Gateway.Http;
using DepinGrains.Gateway.Nodes;
using DepinGrains.Gateway.Nodes.Streams;
using Microsoft.AspNetCore.Http.Features;

namespace DepinGrains.Gateway.Leases;

/// <summary>
/// Fetches what a node says from the gateway that holds its connection. The caller's own request is sent on, with his credentials and the one workload that is wanted in a header: the other gateway
/// checks who asks as it would if he had come there, so gateways need not trust each other. A request that was sent on is not sent on again.
/// </summary>
public sealed class LeaseRelay(AgentConnections agents, IAgentPeers peers) : IDisposable
{
    private const string WorkloadHeader = "Depin-Relayed-Workload";
    private const int BufferBytes = 16_384;
    private static readonly string[] Credentials = ["Authorization", "X-Api-Key"];
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { ConnectTimeout = ConnectTimeout, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1), UseProxy = false, UseCookies = false });

    /// <summary>The one workload that another gateway asks this one about; null when the caller came himself.</summary>
    public static string? Asked(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Request.Headers[WorkloadHeader] is [{ } workload] ? workload : null;
    }

    /// <summary>Where a workload's node is connected: null = to this process; a peer's address; or the refusal that nobody knows.</summary>
    public async Task<Result<Place>> FindAsync(HttpContext context, WorkloadView workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        return agents.NotConnected(workload.Node) is not { } away ? new Place(workload, null)
            : Asked(context) is null && await peers.FindAsync(workload.Node) is { } peer ? new Place(workload, peer)
            : away;
    }

    /// <summary>The workload's log lines after the one seen (−1: as the caller asked) from a peer, each its number and the JSON of its event. Ends with the peer's stream.</summary>
    public async IAsyncEnumerable<(long Offset, byte[] Line)> LinesAsync(HttpContext context, Place place, long seen, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(place.Peer!, Target(context)));
        request.Headers.Host = context.Request.Host.Value;
        foreach (var (name, value) in SentOn(context, place))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.Add("Last-Event-ID", LeaseLogStream.Text(seen));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var answer = await AskAsync(request, place, cancel);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancel);
        await foreach (var item in SseParser.Create(stream, static (_, data) => data.ToArray()).EnumerateAsync(cancel))
        {
            if (item.EventType == "log")
            {
                yield return (LeaseLogStream.Seen(item.EventId ?? "", 1)?[0] ?? -1, item.Data);
            }
        }
    }

    /// <summary>Joins the caller's WebSocket to a shell on a peer. All that can be refused is refused before the upgrade.</summary>
    public static async Task<IResult> ShellAsync(HttpContext context, Place place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        using var remote = new ClientWebSocket();
        foreach (var (name, value) in SentOn(context, place))
        {
            remote.Options.SetRequestHeader(name, value);
        }

        remote.Options.Proxy = null;
        var target = new Uri(place.Peer!, Target(context));
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            limit.CancelAfter(ConnectTimeout);
            await remote.ConnectAsync(new UriBuilder(target) { Scheme = target.Scheme == "https" ? "wss" : "ws" }.Uri, limit.Token);
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or HttpRequestException)
        {
            return Problems.From(Unreachable(place));
        }

        using var person = await context.WebSockets.AcceptWebSocketAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var input = PumpAsync(person, remote, end.Token);
        if (!await PumpAsync(remote, person, end.Token))
        {
            await LostAsync(person, end.Token);
        }

        // The shell has ended or its gateway went away: the person has been told and closes; what he still types has nowhere to go.
        await Task.WhenAny(input, Task.Delay(ShellSession.GoodbyeLimit, TimeProvider.System, end.Token));
        await end.CancelAsync();
        await input;
        return Results.Empty;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, Place place, CancellationToken cancel)
    {
        try
        {
            var answer = await _http.SendAsync(request, cancel);
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            answer.Dispose();
        }
        catch (HttpRequestException)
        {
            // That gateway is gone; its agents are on their way to another.
        }

        throw new RefusalException(Unreachable(place));
    }

    /// <summary>The other gateway went away without a word: an exit code that nobody knows.</summary>
    private static async Task LostAsync(WebSocket person, CancellationToken cancel)
    {
        try
        {
            await person.SendAsync(ShellSession.ExitMessage(null), WebSocketMessageType.Text, true, cancel);
            await person.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // It was the person who left.
        }
    }

    /// <summary>Hands on messages until the sender says goodbye (true) or is gone without one.</summary>
    private static async Task<bool> PumpAsync(WebSocket from, WebSocket to, CancellationToken cancel)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (true)
            {
                var received = await from.ReceiveAsync(buffer.AsMemory(), cancel);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                await to.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancel);
            }

            await to.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
            return true;
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the two left without a word; the other's end follows.
            return false;
        }
    }

    /// <summary>Who asks, from where (a peer that trusts this gateway as a proxy counts the caller, not the gateway), about which workload.</summary>
    private static IEnumerable<(string Name, string Value)> SentOn(HttpContext context, Place place) =>
    [
        .. Credentials.Where(context.Request.Headers.ContainsKey).Select(c => (c, context.Request.Headers[c].ToString())),
        (ClientAddress.Header, ClientAddress.Of(context).ToString()),
        (WorkloadHeader, place.Workload.Id),
    ];

    private static string Target(HttpContext context) => context.Features.Get<IHttpRequestFeature>()!.RawTarget;

    private static Refusal Unreachable(Place place) => Refusal.Of(
        "node.not_connected", $"node {place.Workload.Node} is on its way from one gateway to another; ask again in a few seconds", ("node", place.Workload.Node));

    /// <summary>A workload and where its node is connected.</summary>
    /// <param name="Peer">The gateway to ask; null = this process.</param>
    public sealed record Place(WorkloadView Workload, Uri? Peer);
}
