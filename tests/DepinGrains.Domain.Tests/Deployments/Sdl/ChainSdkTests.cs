using System.Diagnostics;
using System.Text.Json;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>
/// Ours against the npm package @akashnetwork/chain-sdk, which decides what a valid SDL is. It is installed by <c>npm install</c> in tests/tools/chain-sdk (CI does that), or anywhere
/// else that DEPIN_CHAIN_SDK names; without it the tests are skipped, and fail where CI is set.
/// </summary>
[Trait("Category", "ChainSdk")]
public sealed class ChainSdkTests
{
    /// <summary>
    /// Where we accept what the released package refuses. All of it is one field, <c>params.tee</c>: the newer sources have it, the released 1.0.0-alpha.25 calls it an additional property. Two are
    /// Akash's own fixtures with golden outputs, which decide; the third is a file of the wild with the same field.
    /// </summary>
    private static readonly HashSet<string> AgainstPackage =
    [
        "fixtures/sdl/input/v2.1/tee-cpu/input.yaml",
        "fixtures/sdl/input/v2.1/tee-cpu-gpu/input.yaml",
        "corpus/ollama-tee/deploy.yaml",
    ];

    [Fact]
    public void Corpus_and_fixtures_are_accepted_and_hashed_as_chain_sdk_does()
    {
        SdlFiles.NeedCorpus();
        var files = SdlFiles.All();
        Assert.True(files.Count > 200, $"only {files.Count} files");
        var differences = new List<string>();
        foreach (var answer in Reference(files))
        {
            var name = SdlFiles.Relative(answer.File);
            var ours = SdlParser.Parse(File.ReadAllBytes(answer.File));
            if (AgainstPackage.Contains(name))
            {
                Assert.False(answer.Ok, $"{name} is on the list of differences but chain-sdk accepts it now");
                Assert.True(ours.IsOk, name);
            }
            else if (Difference(answer, ours) is { } difference)
            {
                differences.Add($"{name}: {difference}");
            }
        }

        Assert.Empty(differences);
    }

    internal static string? Difference(ReferenceAnswer answer, SdlResult ours)
    {
        if (answer.Ok != ours.IsOk)
        {
            return answer.Ok ? $"chain-sdk accepts; ours: {string.Join(" | ", ours.Errors)}" : $"ours accepts; chain-sdk: {string.Join(" | ", answer.Errors)}";
        }

        return answer.Ok && answer.Hash != ours.Document!.ManifestHashHex
            ? $"hash differs\n  chain-sdk {answer.Json}\n  ours      {System.Text.Encoding.UTF8.GetString(ours.Document.ManifestJson.AsSpan())}"
            : null;
    }

    /// <summary>Asks the package about each file.</summary>
    internal static IReadOnlyList<ReferenceAnswer> Reference(IReadOnlyList<string> files)
    {
        var home = Environment.GetEnvironmentVariable("DEPIN_CHAIN_SDK") is { Length: > 0 } given ? given : SdlFiles.ChainSdkTool;
        if (!Directory.Exists(Path.Combine(home, "node_modules", "@akashnetwork", "chain-sdk")))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") is null, $"chain-sdk is not installed in {home}");
            Assert.Skip($"skipped: needs the npm package @akashnetwork/chain-sdk (npm install in {home})");
        }

        var start = new ProcessStartInfo("node", Path.Combine(SdlFiles.ChainSdkTool, "reference.cjs")) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var node = Process.Start(start)!;
        var feed = Task.Run(() =>
        {
            foreach (var file in files)
            {
                node.StandardInput.WriteLine(file);
            }

            node.StandardInput.Close();
        });
        var answers = new List<ReferenceAnswer>();
        while (node.StandardOutput.ReadLine() is { } line)
        {
            answers.Add(JsonSerializer.Deserialize<ReferenceAnswer>(line, JsonSerializerOptions.Web)!);
        }

        feed.Wait(TestContext.Current.CancellationToken);
        node.WaitForExit();
        Assert.Equal(0, node.ExitCode);
        Assert.Equal(files.Count, answers.Count);
        return answers;
    }

    internal sealed record ReferenceAnswer(string File, bool Ok, string? Hash = null, string? Json = null)
    {
        [System.Text.Json.Serialization.JsonPropertyName("errors")]
        public IReadOnlyList<string> Errors { get; init; } = [];
    }
}
