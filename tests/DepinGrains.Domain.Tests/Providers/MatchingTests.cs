using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;
using DepinGrains.Domain.Tests.Nodes;

namespace DepinGrains.Domain.Tests.Providers;

public sealed class MatchingTests
{
    private static readonly ImmutableArray<Fact> Declared = [new("region", "eu-west"), new("host", "akash"), new("tier/1/name", "gold")];

    [Theory]
    [InlineData("region", "eu-west", null)]
    [InlineData("region", "us-west", "market.attribute_mismatch")]
    [InlineData("reg*", "eu-west", null)]
    [InlineData("tier/*/name", "gold", null)]
    [InlineData("tier*", "gold", "market.attribute_mismatch")]
    [InlineData("datacenter", "x", "market.attribute_mismatch")]
    public void Attribute_ValueIsEqualAndTheKeyMayBeAPattern(string key, string value, string? code) =>
        Assert.Equal(code, AttributeMatching.WhyNot(Wanted([new(key, value)]), Declared, [])?.Code);

    [Fact]
    public void Mismatch_SaysWhatWasWantedAndHad() =>
        Assert.Equal("wanted attribute region=us-west, had region=eu-west", AttributeMatching.WhyNot(Wanted([new("region", "us-west")]), Declared, [])?.Detail);

    [Fact]
    public void SignedBy_AllOfAndAnyOfCountOnlyWhatStillStands()
    {
        ImmutableArray<Fact> wanted = [new("region", "eu-west"), new("host", "akash")];
        ImmutableArray<AttributeSignature> signatures = [.. Sign("a", wanted), .. Sign("b", [wanted[0]]), .. Sign("old", [new("region", "us-east"), wanted[1]])];
        string? Code(string[] allOf, string[] anyOf) => AttributeMatching.WhyNot(new ProviderRequirements(wanted, [.. allOf], [.. anyOf]), Declared, signatures)?.Code;

        Assert.Null(Code(["a"], []));
        Assert.Null(Code([], ["b", "a"]));
        Assert.Equal("market.signature_missing", Code(["a", "b"], []));
        Assert.Equal("market.signature_missing", Code([], ["b", "old"]));
        Assert.Equal("market.signature_missing", Code(["nobody"], []));
    }

    [Fact]
    public void SignedBy_AnAuditorWhoSignedNothingMatchesNothing() =>
        Assert.Equal("market.signature_missing", AttributeMatching.WhyNot(new ProviderRequirements([], ["a"], []), Declared, [])?.Code);

    [Theory]
    [InlineData("*", "abc", true)]
    [InlineData("a*c", "abbbc", true)]
    [InlineData("a*c*", "abbbcd", true)]
    [InlineData("a*", "a/b", false)]
    [InlineData("*/b", "a/b", true)]
    [InlineData("", "", true)]
    [InlineData("abc", "abcd", false)]
    public void Glob_StarDoesNotCrossSlashes(string pattern, string text, bool matches) => Assert.Equal(matches, Glob.Matches(pattern, text));

    [Fact]
    public void Glob_IsNotExponential() =>
        Assert.False(Glob.Matches(string.Concat(Enumerable.Repeat("a*", 60)) + "b", new string('a', 5_000)));

    [Fact]
    public void Storage_MustFitOneDeclaredGroup()
    {
        ImmutableArray<Fact> declared = [new("capabilities/storage/1/class", "beta2"), new("capabilities/storage/1/persistent", "true"), new("capabilities/storage/2/class", "beta3"), new("capabilities/storage/2/persistent", "false")];
        string? Code(string storageClass) => CapabilityMatching.WhyNot([Hardware.Unit(volumes: [new VolumeDemand("d", 1, storageClass, true)])], declared)?.Code;

        Assert.Null(Code("beta2"));
        Assert.Null(Code("default"));
        Assert.Equal("market.storage_mismatch", Code("beta3"));
        Assert.Equal("market.storage_mismatch", Code("beta1"));
        Assert.Null(CapabilityMatching.WhyNot([Hardware.Unit(volumes: [new VolumeDemand("d", 1, "", false), new VolumeDemand("r", 1, "ram", false)])], []));
    }

    [Fact]
    public void Cards_AnyOneSelectorIsEnoughAndDetectedHardwareDeclaresItself()
    {
        var declared = CapabilityMatching.Of([Hardware.Inventory(gpus: [Hardware.Gpu("u", "h100", 81_559L << 20, "SXM5")], storage: [new("ephemeral", 1), new("beta3", 1)])]);
        string? Code(params string[] selectors) => CapabilityMatching.WhyNot([new UnitDemand(1, 1, 1, [], 1, [.. selectors], 1, 0, [])], declared)?.Code;

        Assert.Null(Code("vendor/nvidia/model/h100/ram/80Gi/interface/sxm"));
        Assert.Null(Code("vendor/nvidia/model/*"));
        Assert.Null(Code("vendor/nvidia/model/a100", "vendor/nvidia/model/h100"));
        Assert.Equal("market.gpu_mismatch", Code("vendor/nvidia/model/a100"));
        Assert.Null(CapabilityMatching.WhyNot([Hardware.Unit(volumes: [new VolumeDemand("d", 1, "beta3", true)])], declared));
    }

    private static ProviderRequirements Wanted(ImmutableArray<Fact> attributes) => ProviderRequirements.None with { Attributes = attributes };

    private static IEnumerable<AttributeSignature> Sign(string auditor, ImmutableArray<Fact> attributes) => attributes.Select(a => new AttributeSignature(auditor, a.Name, a.Value, DateTimeOffset.UnixEpoch));
}
