using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace DepinGrains.ServiceDefaults.Health;

/// <summary>Where the management port really is: as configured, or what the system gave for port 0.</summary>
public sealed class ManagementAddress(IServiceProvider services, IOptions<ManagementOptions> options)
{
    private readonly bool _loopback = IPAddress.TryParse(options.Value.Address, out var address) && IPAddress.IsLoopback(address);
    private int _port = options.Value.Port;

    /// <summary>The port; 0 as long as it is not known.</summary>
    public int Port => _port != 0 ? _port : _port = Bound;

    /// <summary>Its base address, e.g. <c>http://127.0.0.1:8081</c>.</summary>
    public string Url => $"http://{Host(options.Value.Address)}:{Port}";

    /// <summary>The host is listened on after all addresses of the API, so its own is the last.</summary>
    private int Bound => services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.LastOrDefault() is { } last ? new Uri(last).Port : 0;

    /// <summary>An IP address as it stands in a URL.</summary>
    public static string Host(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
    }

    /// <summary>Bound to loopback it answers to loopback's names only.</summary>
    public bool Serves(string host) =>
        !_loopback || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var asked) && IPAddress.IsLoopback(asked));
}
