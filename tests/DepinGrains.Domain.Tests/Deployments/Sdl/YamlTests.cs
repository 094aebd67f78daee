using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>YAML as js-yaml reads it.</summary>
public sealed class YamlTests
{
    [Theory]
    [InlineData("yes", "yes")]
    [InlineData("On", "On")]
    [InlineData("off", "off")]
    [InlineData("1_000", "1_000")]
    [InlineData("\"~\"", "~")]
    [InlineData("'null'", "null")]
    [InlineData("!!str 12", "12")]
    [InlineData("! 12", "12")]
    [InlineData("12:30", "12:30")]
    [InlineData(".5.5", ".5.5")]
    [InlineData("0b2", "0b2")]
    [InlineData("|-\n      a\n       b\n", "a\n b")]
    [InlineData(">-\n      a\n      b\n", "a b")]
    [InlineData("\"\\u00e9\\x41\"", "éA")]
    public void Text_stays_text(string yaml, string text) => Assert.Equal(text, SdlText.Accept(SdlText.With("nginx", yaml)).Manifest.Groups[0].Services[0].Image);

    [Theory]
    [InlineData("~")]
    [InlineData("Null")]
    [InlineData("")]
    [InlineData("TRUE")]
    [InlineData("012")]
    [InlineData("0x1f")]
    [InlineData("1.")]
    [InlineData("-.inf")]
    [InlineData("2024-01-31")]
    [InlineData("2024-1-31 10:00:00")]
    [InlineData("!!int 12")]
    public void What_is_no_text_is_refused_as_text(string yaml) => Assert.Equal(SdlRules.WrongType, SdlText.Refuse(SdlText.With("nginx", yaml)).Rule);

    [Theory]
    [InlineData("0x50", 80)]
    [InlineData("0o120", 80)]
    [InlineData("0b1010000", 80)]
    [InlineData("0080", 80)]
    [InlineData("8e1", 80)]
    [InlineData("80.0", 80)]
    [InlineData("+80", 80)]
    [InlineData("!!int 80", 80)]
    public void Numbers_come_in_many_forms(string yaml, int port) => Assert.Equal(port, SdlText.Accept(SdlText.With("80", yaml)).Manifest.Groups[0].Services[0].Expose[0].Port);

    [Fact]
    public void Anchors_aliases_and_merge_keys_are_followed()
    {
        var text = SdlText.With("    small:\n      resources:\n", "    base: &base\n      resources: &res\n")
            .Replace("  placement:\n", "    small:\n      resources:\n        <<: *res\n        cpu: {units: 2}\n  placement:\n", StringComparison.Ordinal);
        var unit = SdlText.Accept(text).Groups[0].Units[0];
        Assert.Equal((2000, 1L << 30), (unit.Resources.CpuMilli, unit.Resources.MemoryBytes));
    }

    [Theory]
    [InlineData("image: nginx", "image: nginx\n    image: caddy", SdlRules.DuplicateKey, 5)]
    [InlineData("image: nginx", "image: *nowhere", SdlRules.UnknownAlias, 4)]
    [InlineData("image: nginx", "image: &a [*a]", SdlRules.AliasCycle, 4)]
    [InlineData("image: nginx", "image: !!binary aGk=", SdlRules.UnsupportedTag, 4)]
    [InlineData("image: nginx", "image: !mine x", SdlRules.UnsupportedTag, 4)]
    [InlineData("image: nginx", "[a]: nginx", SdlRules.ComplexKey, 4)]
    [InlineData("image: nginx", "<<: 1", SdlRules.BadMerge, 4)]
    [InlineData("image: nginx", "image: \"a\\0b\"", SdlRules.ControlCharacter, 4)]
    [InlineData("image: nginx", "image: a\u0001b", SdlRules.ControlCharacter, 4)]
    [InlineData("image: nginx", "image: \"nginx", SdlRules.YamlSyntax, 4)]
    [InlineData("image: nginx", "\timage: nginx", SdlRules.YamlSyntax, 4)]
    [InlineData("version:", "---\n---\nversion:", SdlRules.OneDocument, 2)]
    public void Bad_yaml_is_refused_with_its_line(string old, string replacement, string rule, int line)
    {
        var error = SdlText.Refuse(SdlText.With(old, replacement));
        Assert.Equal(rule, error.Rule);
        Assert.InRange(error.Line, line, rule == SdlRules.YamlSyntax ? 30 : line);
    }

    [Fact]
    public void Line_ends_byte_order_mark_and_blank_lines_of_tabs_change_nothing()
    {
        var hash = SdlText.Accept(SdlText.Valid).ManifestHashHex;
        Assert.Equal(hash, SdlText.Accept(SdlText.Valid.Replace("\n", "\r\n", StringComparison.Ordinal)).ManifestHashHex);
        Assert.Equal(hash, SdlText.Accept("\uFEFF" + SdlText.Valid).ManifestHashHex);
        Assert.Equal(hash, SdlText.Accept(SdlText.Valid.Replace("\nprofiles:", "\n\t\n  \t \nprofiles:", StringComparison.Ordinal)).ManifestHashHex);
        Assert.Equal(hash, SdlText.Accept(SdlText.Valid.Replace("nginx", "nginx \t # the web", StringComparison.Ordinal)).ManifestHashHex);
        Assert.Equal(hash, SdlText.Accept("%YAML 1.2\n---\n" + SdlText.Valid + "...\n").ManifestHashHex);
    }
}
