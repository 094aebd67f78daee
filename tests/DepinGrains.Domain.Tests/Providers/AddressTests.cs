using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Domain.Tests.Providers;

/// <summary>Ranges of leased addresses, and who gets which.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("203.0.113.7", 1, "203.0.113.7", "203.0.113.7")]
    [InlineData("203.0.113.8-203.0.113.15", 8, "203.0.113.8", "203.0.113.15")]
    [InlineData("203.0.113.16/28", 16, "203.0.113.16", "203.0.113.31")]
    [InlineData("255.255.255.255", 1, "255.255.255.255", "255.255.255.255")]
    [InlineData("2001:db8::/118", 1024, "2001:db8::", "2001:db8::3ff")]
    [InlineData("2001:db8::fffe-2001:db8::1:1", 4, "2001:db8::fffe", "2001:db8::1:1")]
    public void Ranges_AreWhatTheySay(string text, int total, string first, string last)
    {
        var ranges = AddressRanges.Parse([text]).Require();
        Assert.Equal(total, ranges.Total);
        Assert.Equal((first, last, total), (ranges.All().First(), ranges.All().Last(), ranges.All().Count()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("203.0.113")]
    [InlineData("7")]
    [InlineData("203.0.113.9-203.0.113.8")]
    [InlineData("203.0.113.9-2001:db8::1")]
    [InlineData("203.0.113.1/28")]
    [InlineData("203.0.113.0/33")]
    [InlineData("0.0.0.0/0")]
    [InlineData("::/0")]
    [InlineData("10.0.0.0/19")]
    [InlineData("fe80::1%1")]
    [InlineData("1.2.3.4-1.2.3.5-1.2.3.6")]
    public void Ranges_ThatAreNone_AreRefused(string text) => Assert.Equal("provider.addresses_invalid", AddressRanges.Parse([text]).Refusal?.Code);

    [Fact]
    public void Ranges_ThatOverlapOrAreTooMany_AreRefused()
    {
        Assert.Contains("overlaps", AddressRanges.Parse(["203.0.113.0/28", "203.0.113.15-203.0.113.20"]).Refusal!.Detail, StringComparison.Ordinal);
        Assert.Equal(4_096, AddressRanges.Parse(["10.0.0.0/20"]).Require().Total);
        Assert.Equal("provider.addresses_invalid", AddressRanges.Parse(["10.0.0.0/20", "10.1.0.0"]).Refusal?.Code);
        Assert.Equal("provider.addresses_invalid", AddressRanges.Parse([.. Enumerable.Range(0, 65).Select(static i => $"10.0.0.{i}")]).Refusal?.Code);
    }

    [Fact]
    public void Assignment_IsAllOrNothingAndTheLowestFree()
    {
        var ranges = AddressRanges.Parse(["203.0.113.0/30"]).Require();
        LeasedAddress[] held = [new("x", "203.0.113.1")];
        Assert.Equal(["203.0.113.0", "203.0.113.2"], AddressBook.Assign(ranges, held, ["a", "b"]).Require().Select(static a => a.Address));
        var refused = AddressBook.Assign(ranges, held, ["a", "b", "c", "d"]).Refusal!;
        Assert.Equal(("provider.addresses_exhausted", "4,3,4"), (refused.Code, string.Join(',', refused.Facts.Select(static f => f.Value))));
        Assert.Equal("provider.address_request_invalid", AddressBook.Assign(ranges, held, ["a", "a"]).Refusal?.Code);
        Assert.Equal("provider.addresses_in_use", AddressBook.Uncovered(AddressRanges.Parse(["203.0.113.2"]).Require(), held)?.Code);
    }
}
