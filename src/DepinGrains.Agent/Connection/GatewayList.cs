using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Connection;

/// <summary>The gateways, one after the other.</summary>
internal sealed class GatewayList(AgentOptions options)
{
    private int _next;

    /// <summary>The next gateway's base address, <c>http</c> or <c>https</c>.</summary>
    public async ValueTask<Uri> NextAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Uri> all = options.Gateways.Count > 0 || options.GatewaySource is null
            ? [.. options.Gateways.Select(g => new Uri(g, UriKind.Absolute))]
            : await options.GatewaySource(cancellationToken);
        if (all.Count == 0)
        {
            throw new InvalidOperationException("no gateway is known yet");
        }

        var builder = new UriBuilder(all[(_next++ & int.MaxValue) % all.Count]);
        builder.Scheme = builder.Scheme is "wss" or "https" ? "https" : "http";
        builder.Path = builder.Path.TrimEnd('/') + "/";
        return builder.Uri;
    }

    /// <summary>Where the WebSocket of a gateway is.</summary>
    public static Uri Socket(Uri gateway) => new UriBuilder(new Uri(gateway, "v1/agent")) { Scheme = gateway.Scheme == "https" ? "wss" : "ws" }.Uri;
}
