using System.Net;
using System.Net.Sockets;
using DepinGrains.Gateway.Http;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Tests.Http;

/// <summary>Four requests at once of an address; 127.0.0.2 is a proxy whose word is taken, and 127.0.1.0/24 are more of them.</summary>
public sealed class ProxiedHost : ApiHost
{
    protected override Dictionary<string, string?> Settings => new(base.Settings)
    {
        ["Http:AddressRequestsPerSecond"] = "1",
        ["Http:BurstSeconds"] = "4",
        ["Http:TrustedProxies:0"] = "127.0.0.2",
        ["Http:TrustedProxies:1"] = "127.0.1.0/24",
        ["Http:ProxyHopsMax"] = "2",
    };
}

/// <summary>Whom the limits count behind proxies. Every test uses addresses of its own, over connections that really come from the proxy's address.</summary>
public sealed class ClientAddressTests(ProxiedHost host) : IClassFixture<ProxiedHost>
{
    private const int RequestsMax = 400;

    [Fact]
    public async Task What_a_stranger_says_of_himself_changes_nothing()
    {
        using var stranger = From("127.0.0.9");
        Assert.True(await LimitedAsync(stranger, static i => $"198.51.100.{i % 250}"), "another address in every request escaped the limit");

        // And whom he named is not counted for it.
        using var proxy = From("127.0.0.2");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, "198.51.100.1"));
    }

    [Fact]
    public async Task Two_clients_behind_a_trusted_proxy_have_two_limits()
    {
        using var proxy = From("127.0.0.2");
        Assert.True(await LimitedAsync(proxy, static _ => "203.0.113.1"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, "203.0.113.2"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, "2001:db8::1"));
    }

    [Fact]
    public async Task What_a_client_wrote_before_the_proxy_appended_to_it_is_not_read()
    {
        using var proxy = From("127.0.0.2");
        Assert.True(await LimitedAsync(proxy, static i => $"198.51.100.{i % 250}, 203.0.113.11"), "what stands left of the proxy's entry was believed");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, "203.0.113.12"));
    }

    [Fact]
    public async Task As_many_trusted_proxies_in_a_row_are_passed_as_configured_and_no_more()
    {
        using var proxy = From("127.0.0.2");
        Assert.True(await LimitedAsync(proxy, static i => $"198.51.100.{i % 250}, 203.0.113.21, 127.0.1.7"), "the client's own entry was believed");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(proxy, "203.0.113.22, 127.0.1.7"));

        // Three proxies are one too many: the client is the third, whoever he says stands before it.
        Assert.True(await LimitedAsync(proxy, static i => $"198.51.100.{i % 250}, 127.0.1.9, 127.0.1.8"), "an entry beyond the limit of hops was believed");
    }

    [Fact]
    public async Task An_entry_that_is_no_address_leaves_the_proxy_itself()
    {
        using var proxy = From("127.0.1.30");
        Assert.True(await LimitedAsync(proxy, static i => $"unknown-{i}"));
    }

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("fd00::/8", true)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("ingress", false)]
    [InlineData("", false)]
    public void A_proxy_that_cannot_be_read_stops_the_start(string proxy, bool taken)
    {
        var result = new HttpOptionsCrossCheck().Validate(null, new HttpOptions { TrustedProxies = { proxy } });
        Assert.Equal(taken, result.Succeeded);
        Assert.Equal(!taken, result.FailureMessage?.Contains($"'{proxy}'", StringComparison.Ordinal) ?? false);
    }

    private static async Task<bool> LimitedAsync(HttpClient client, Func<int, string> forwardedFor)
    {
        for (var i = 0; i < RequestsMax; i++)
        {
            if (await AskAsync(client, forwardedFor(i)) == HttpStatusCode.TooManyRequests)
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string forwardedFor)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/t/number/1");
        request.Headers.TryAddWithoutValidation(ClientAddress.Header, forwardedFor);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>A client whose connections come from another address of this machine's.</summary>
    private HttpClient From(string address)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "skipped: needs Linux, where all of 127.0.0.0/8 is this machine");
        return new(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancel) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        }) { BaseAddress = host.Address };
    }
}
