using System.Text;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>Texts made to hurt: refused, and fast.</summary>
[Collection(nameof(AloneCollection))]
public sealed class HostileTests
{
#if DEBUG
    // Unoptimised code on a machine that seven people share; a quiet one stays below 15 ms here.
    private static readonly TimeSpan Allowed = TimeSpan.FromMilliseconds(150);
#else
    private static readonly TimeSpan Allowed = TimeSpan.FromMilliseconds(50);
#endif

    public static TheoryData<string> Names => [.. Texts.Keys];

    private static readonly Dictionary<string, (Func<byte[]> Make, string? Rule)> Texts = new()
    {
        ["10 MB"] = (() => Filled(10_000_000, (byte)'a'), SdlRules.TooLarge),
        ["billion laughs"] = (() => Utf8(Laughs()), SdlRules.TooManyNodes),
        ["wide aliases"] = (() => Utf8($"a: &a [{Repeat("x,", 1000)}]\nb: &b [{Repeat("*a,", 1000)}]\nc: [{Repeat("*b,", 1000)}]\n"), SdlRules.TooManyNodes),
        ["merge bomb"] = (() => Utf8($"a: &a {{{string.Join(',', Enumerable.Range(0, 1000).Select(i => $"k{i}: 1"))}}}\nb: [{Repeat("{<<: *a},", 1000)}]\n"), null),
        ["deep flow lists"] = (() => Utf8(new string('[', 60_000)), SdlRules.TooDeep),
        ["deep flow maps"] = (() => Utf8(Repeat("{a: ", 30_000)), SdlRules.TooDeep),
        ["deep block lists"] = (() => Utf8(Repeat("- ", 60_000)), SdlRules.TooDeep),
        ["deep block maps"] = (() => Utf8(string.Concat(Enumerable.Range(0, 480).Select(i => new string(' ', i) + "a:\n"))), SdlRules.TooDeep),
        ["question marks"] = (() => Utf8(Repeat("? ", 60_000)), SdlRules.TooDeep),
        ["many keys"] = (() => Utf8(string.Concat(Enumerable.Range(0, 12_000).Select(i => $"k{i}: 1\n"))), SdlRules.TooManyNodes),
        ["many services"] = (() => Utf8("version: \"2.0\"\nservices:\n" + string.Concat(Enumerable.Range(0, 3_000).Select(i => $"  s{i}: 1\n"))), null),
        ["one long scalar"] = (() => Utf8("version: " + new string('9', 130_000)), null),
        ["one long line of words"] = (() => Utf8("version: " + Repeat("a ", 65_000)), null),
        ["long folded text"] = (() => Utf8("version: >\n" + Repeat("  a\n", 32_000)), null),
        ["long quoted lines"] = (() => Utf8("version: \"" + Repeat("a\n\n", 43_000)), SdlRules.YamlSyntax),
        ["only colons"] = (() => Filled(130_000, (byte)':'), null),
        ["only spaces"] = (() => Filled(130_000, (byte)' '), null),
        ["only newlines"] = (() => Filled(130_000, (byte)'\n'), null),
        ["only commas in a list"] = (() => Utf8("[" + new string(',', 130_000)), null),
        ["only tabs"] = (() => Filled(130_000, (byte)'\t'), null),
        ["tab lines"] = (() => Utf8("version: x\n" + Repeat("\t\n", 60_000) + "a: 1\n"), null),
        ["only bangs"] = (() => Filled(130_000, (byte)'!'), null),
        ["only anchors"] = (() => Utf8(Repeat("&a ", 43_000)), null),
        ["long comment"] = (() => Utf8("#" + new string('x', 130_000)), null),
        ["huge port"] = (() => Utf8(SdlText.With("port: 80", "port: 1" + new string('0', 300))), SdlRules.OutOfRange),
        ["huge count"] = (() => Utf8(SdlText.With("count: 1", "count: 1e300")), SdlRules.NumberTooLarge),
        ["endless cpu"] = (() => Utf8(SdlText.With("units: 1", "units: .inf")), SdlRules.NumberTooLarge),
        ["cpu not a number"] = (() => Utf8(SdlText.With("units: 1", "units: .nan")), SdlRules.BadFormat),
        ["price beyond its digits"] = (() => Utf8(SdlText.With("amount: 100", "amount: \"0.1234567890123456789\"")), SdlRules.NumberTooLarge),
        ["not UTF-8"] = (() => [.. "version: "u8, 0xC3, 0x28], SdlRules.NotUtf8),
        ["UTF-16"] = (() => Encoding.Unicode.GetBytes(SdlText.Valid), SdlRules.ControlCharacter),
        ["zero byte"] = (() => [.. "version: \0"u8], SdlRules.ControlCharacter),
        ["escaped zero"] = (() => Utf8(SdlText.With("nginx", "\"\\u0000\"")), SdlRules.ControlCharacter),
        ["bad code point"] = (() => Utf8(SdlText.With("nginx", "\"\\UFFFFFFFF\"")), SdlRules.YamlSyntax),
        ["nothing"] = (() => [], SdlRules.WrongType),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Hostile_text_is_refused_at_once(string name)
    {
        var (make, rule) = Texts[name];
        var text = make();
        _ = SdlParser.Parse(text);

        // Processor time, best of ten, with no other test beside it: the machine may be shared.
        var best = TimeSpan.MaxValue;
        SdlResult result = null!;
        for (var i = 0; i < 10; i++)
        {
            var start = Environment.CpuUsage.TotalTime;
            result = SdlParser.Parse(text);
            var took = Environment.CpuUsage.TotalTime - start;
            best = took < best ? took : best;
        }

        Assert.False(result.IsOk);
        Assert.True(rule is null || result.Errors.Any(e => e.Rule == rule), string.Join(" | ", result.Errors.Take(3)));
        Assert.InRange(result.Errors.Length, 1, 100);
        Assert.True(best < Allowed, $"{name} took {best.TotalMilliseconds:F1} ms");
        Assert.All(result.Errors, e => Assert.True(e.Message.Length < 1000));
    }

    [Fact]
    public void Any_cut_or_flipped_byte_of_a_valid_text_ends_in_a_result()
    {
        var text = Utf8(SdlText.Valid);
        for (var i = 0; i < text.Length; i++)
        {
            Check([.. text.AsSpan(0, i)]);
            foreach (var other in ":-#\"'{}[]&*!|>%@\t\n\0\xFF ,?"u8)
            {
                var copy = text.ToArray();
                copy[i] = other;
                Check(copy);
            }
        }

        static void Check(byte[] bytes)
        {
            var result = SdlParser.Parse(bytes);
            Assert.True(result.IsOk || result.Errors.Length > 0);
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Filled(int length, byte value)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static string Repeat(string piece, int count) => new StringBuilder(piece.Length * count).Insert(0, piece, count).ToString();

    private static string Laughs()
    {
        var text = new StringBuilder("a0: &a0 lol\n");
        for (var i = 1; i <= 30; i++)
        {
            text.Append($"a{i}: &a{i} [*a{i - 1},*a{i - 1},*a{i - 1},*a{i - 1},*a{i - 1},*a{i - 1},*a{i - 1},*a{i - 1},*a{i - 1}]\n");
        }

        return text.ToString();
    }
}

/// <summary>Tests that measure: nothing runs beside them.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
