using System.Globalization;
using System.Text;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>Thousands of damaged real files: ours and chain-sdk must agree about each, except where we are stricter on purpose.</summary>
[Trait("Category", "ChainSdk")]
public sealed class MutantTests
{
    private const int Count = 1500;

    private const string Signs = ":-#\"'{}[],&*!|>%@` ~aZ0";

    /// <summary>The documented differences: values no lease can carry, YAML that js-yaml is lenient about, and the fields of the newer sources.</summary>
    private static readonly string[] StricterOnPurpose =
    [
        SdlRules.YamlSyntax, SdlRules.NumberTooLarge, SdlRules.ControlCharacter, SdlRules.UnsupportedTag, SdlRules.ComplexKey, SdlRules.BadMerge,
    ];

    private static readonly string[] Values =
    [
        "~", "null", "yes", "off", "true", "True", "017", "0x10", "1_000", "1.5", "1e3", ".5", "-1", "0", "\"0\"", "1", "100m", "0.57", "\"2gi\"", "1.5Gi", "512MiB", "5x", "[]", "{}",
        "[a, b]", "\"a: b\"", "'it''s'", "\"\\u00e9\\t\"", "2024-01-01", "!!str 5", "!!int \"5\"", "*x", "&x 5", "|\n    text", ">-\n  folded\n  more", "65536", "uakt", "\"1.123456789\"",
        "1e-7", "\"<a&b>\"", "ram", "beta3", "tcp", "a#b", "a #b", "- x", "{a: 1}", "\"", "'", "@x", "%x", "[", "{", "💡", "\"multi\n\n      line\"", "http://x:80/y", "-", "--- a", "a: b",
    ];

    [Fact]
    public void Damaged_files_are_judged_and_hashed_as_chain_sdk_does()
    {
        SdlFiles.NeedCorpus();
        var sources = SdlFiles.All().Select(File.ReadAllText).ToList();
        var folder = Directory.CreateTempSubdirectory("depin-sdl-mutants-");
        try
        {
            var random = new Random(20260822);
            var files = new List<string>();
            for (var i = 0; i < Count; i++)
            {
                var file = Path.Combine(folder.FullName, i.ToString(CultureInfo.InvariantCulture) + ".yaml");
                File.WriteAllText(file, Damage(sources[random.Next(sources.Count)], random), new UTF8Encoding(false));
                files.Add(file);
            }

            var (accepted, excused, differences) = (0, 0, new List<string>());
            foreach (var answer in ChainSdkTests.Reference(files))
            {
                var ours = SdlParser.Parse(File.ReadAllBytes(answer.File));
                accepted += answer.Ok && ours.IsOk ? 1 : 0;
                if (ChainSdkTests.Difference(answer, ours) is not { } difference)
                {
                    continue;
                }

                if (Excused(answer, ours))
                {
                    excused++;
                }
                else
                {
                    differences.Add($"{difference}\n{File.ReadAllText(answer.File)}");
                }
            }

            Assert.Empty(differences);
            Assert.True(accepted > Count / 20, $"only {accepted} of {Count} are still valid: the damage is too great to show anything");
            Assert.True(excused < Count / 100, $"{excused} of {Count} differ on purpose: too many to be chance");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static bool Excused(ChainSdkTests.ReferenceAnswer answer, SdlResult ours) => answer.Ok
        ? !ours.IsOk && ours.Errors.All(e => StricterOnPurpose.Contains(e.Rule) || e.Path.EndsWith("/gpu/units", StringComparison.Ordinal))
        : ours.IsOk && answer.Errors.All(e => e.Contains("\"tee\"", StringComparison.Ordinal));

    private static string Damage(string text, Random random)
    {
        var lines = text.Split('\n').ToList();
        for (var rounds = random.Next(1, 4); rounds > 0; rounds--)
        {
            var at = random.Next(lines.Count);
            var line = lines[at];
            switch (random.Next(10))
            {
                case 0 or 1 or 2 when line.Contains(':', StringComparison.Ordinal):
                    lines[at] = line[..(line.IndexOf(':', StringComparison.Ordinal) + 1)] + " " + Values[random.Next(Values.Length)];
                    break;
                case 3 when lines.Count > 1:
                    lines.RemoveAt(at);
                    break;
                case 4:
                    lines.Insert(at, lines[random.Next(lines.Count)]);
                    break;
                case 5:
                    lines[at] = random.Next(2) == 0 ? "  " + line : line.StartsWith("  ", StringComparison.Ordinal) ? line[1..] : line;
                    break;
                case 6 when line.Length > 0:
                    lines[at] = line.Insert(random.Next(line.Length), Signs[random.Next(Signs.Length)].ToString());
                    break;
                case 7 when line.Length > 0:
                    lines[at] = line.Remove(random.Next(line.Length), 1);
                    break;
                case 8:
                    lines.Insert(at, new[] { "---", "...", "# comment", "", "\t", "x: 1", "  <<: *x" }[random.Next(7)]);
                    break;
                default:
                    lines[at] = line + new[] { " # c", "   ", "\t", "\r", " \"" }[random.Next(5)];
                    break;
            }
        }

        return string.Join(random.Next(20) == 0 ? "\r\n" : "\n", lines);
    }
}
