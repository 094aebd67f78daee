using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Hosting;

/// <summary>Where the other processes reach this gateway; known once it listens.</summary>
public sealed class GatewayAddress(IServer server, IOptions<GatewayOptions> options)
{
    /// <summary><see cref="GatewayOptions.PeerUrl"/>, or the first address served.</summary>
    public Uri Url => new(options.Value.PeerUrl is { Length: > 0 } given ? given : server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
