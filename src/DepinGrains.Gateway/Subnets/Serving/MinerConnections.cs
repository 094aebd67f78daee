using System.Net;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>This gateway's connections to miners, all under the policy of <see cref="EgressHttp"/>.</summary>
public sealed class MinerConnections : IDisposable
{
    private readonly HttpMessageInvoker _invoker;
    private readonly bool _privateToo;

    public MinerConnections(IOptions<ServingOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var o = options.Value;
        _privateToo = o.PrivateAddresses;
        _invoker = new HttpMessageInvoker(EgressHttp.Handler(_privateToo, o.ConnectTimeout, o.HeaderKilobytesMax, o.ConnectionsPerMinerMax));
    }

    /// <summary>Sends; answers when the headers are there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        EgressHttp.Check(request.RequestUri?.OriginalString, _privateToo);
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return _invoker.SendAsync(request, cancel);
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();
}
