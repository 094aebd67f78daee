using System.Net;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Domain.Tests.Subnets.Serving;

public sealed class EgressRuleTests
{
    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("172.15.255.255")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("192.169.0.1")]
    [InlineData("223.255.255.254")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:80b::200e")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2002:808:808::1")]
    [InlineData("::ffff:8.8.8.8")]
    public void Public_addresses_are_connected_to(string address) => Assert.Null(EgressRules.WhyNot(IPAddress.Parse(address), privateToo: false));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.255.255.254", true)]
    [InlineData("10.0.0.1", true)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("100.64.0.1", true)]
    [InlineData("100.127.255.255", true)]
    [InlineData("::1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("64:ff9b::7f00:1", true)]
    [InlineData("2002:7f00:1::1", true)]
    [InlineData("::127.0.0.1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("64:ff9b::a9fe:a9fe", false)]
    [InlineData("192.0.0.1", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("198.51.100.1", false)]
    [InlineData("203.0.113.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("239.255.255.255", false)]
    [InlineData("240.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fe80::1%2", false)]
    [InlineData("fec0::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("100::1", false)]
    [InlineData("64:ff9b:1::1", false)]
    public void Special_addresses_are_refused_and_ones_own_only_where_it_is_said(string address, bool own)
    {
        Assert.Equal(ServingErrors.AddressNotAllowed, EgressRules.WhyNot(IPAddress.Parse(address), privateToo: false)?.Code);
        Assert.Equal(own, EgressRules.WhyNot(IPAddress.Parse(address), privateToo: true) is null);
    }

    [Theory]
    [InlineData("http://miner.example:8091/v1", null)]
    [InlineData("https://miner.example/v1", null)]
    [InlineData("http://8.8.8.8:80/v1", null)]
    [InlineData("http://127.0.0.1:8091/v1", ServingErrors.AddressNotAllowed)]
    [InlineData("http://2130706433:8091/v1", ServingErrors.AddressNotAllowed)]
    [InlineData("http://0x7f.1:8091/v1", ServingErrors.AddressNotAllowed)]
    [InlineData("http://[::1]:8091/v1", ServingErrors.AddressNotAllowed)]
    [InlineData("http://[::ffff:10.0.0.1]:8091/v1", ServingErrors.AddressNotAllowed)]
    [InlineData("ftp://miner.example/v1", ServingErrors.UrlInvalid)]
    [InlineData("file:///etc/passwd", ServingErrors.UrlInvalid)]
    [InlineData("http://user:secret@miner.example/v1", ServingErrors.UrlInvalid)]
    [InlineData("http://miner.example/v1?x=1", ServingErrors.UrlInvalid)]
    [InlineData("http://miner.example/v1#x", ServingErrors.UrlInvalid)]
    [InlineData("http://miner.example:22/v1", ServingErrors.UrlInvalid)]
    [InlineData("http://miner.example:0/v1", ServingErrors.UrlInvalid)]
    [InlineData("miner.example", ServingErrors.UrlInvalid)]
    [InlineData("", ServingErrors.UrlInvalid)]
    [InlineData(null, ServingErrors.UrlInvalid)]
    public void An_announced_address_is_plain_http_at_a_port_that_is_no_other_service(string? url, string? code) => Assert.Equal(code, EgressRules.WhyNot(url, privateToo: false)?.Code);

    [Fact]
    public void An_endless_address_is_refused() => Assert.Equal(ServingErrors.UrlInvalid, EgressRules.WhyNot("http://miner.example/" + new string('x', 600), privateToo: false)?.Code);
}
