using System.Text.Json.Nodes;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>Commands that only compute: years of emission, epochs.</summary>
public sealed class CalculationTests
{
    private static readonly string Vectors = Path.Combine(Programs.Repository, "tests", "vectors", "subnets", "generated_epochs.json");

    [Fact]
    public async Task YearsOfEmission_WithATenthRecycled_EndAtTheNumbersAPencilGives()
    {
        var report = JsonNode.Parse(await RunAsync("emission", "TAO", "--simulate", "5", "--recycle", "10", "-o", "json"))!;
        Assert.Equal(100_000_000, (long)report["recycledRaoPerBlock"]!);

        // 0.9 TAO a block remain; 10.5 million are reached in block 11,666,667, within the fifth year of 2,628,000 blocks; 0.4 remain from there on.
        const long Tao = 1_000_000_000, Year = 2_628_000, Halving = 11_666_667;
        var moments = report["simulation"]!.AsArray();
        Assert.Equal(["year", "year", "year", "year", "halving", "year"], moments.Select(static m => (string?)m!["event"]));
        Assert.Equal([Year, 2 * Year, 3 * Year, 4 * Year, Halving, 5 * Year], moments.Select(static m => (long)m!["block"]!));
        Assert.Equal((2_365_200 * Tao, Year * Tao, Year * Tao / 10), Sums(moments[0]!));
        Assert.Equal((Halving * Tao * 9 / 10, Halving * Tao, Halving * Tao / 10), Sums(moments[4]!));
        Assert.Equal((1, Tao / 2), ((int)moments[4]!["halvings"]!, (long)moments[4]!["emissionRaoPerBlock"]!));
        Assert.Equal(((Halving * Tao * 9 / 10) + (((5 * Year) - Halving) * Tao * 4 / 10), (Halving * Tao) + (((5 * Year) - Halving) * Tao / 2), 5 * Year * Tao / 10), Sums(moments[5]!));

        static (long Issuance, long Emitted, long Recycled) Sums(JsonNode m) => ((long)m["issuanceRao"]!, (long)m["emittedRao"]!, (long)m["recycledRao"]!);
    }

    [Fact]
    public async Task YearsOfEmission_AreATableForPeople()
    {
        var lines = (await RunAsync("emission", "TAO", "--simulate", "5", "--recycle", "10")).Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains("recycled      0.1 TAO a block", lines);
        Assert.Equal(["365.0", "730.0", "1,095.0", "1,460.0", "1,620.4", "1,825.0"], lines.Select(static l => l.Split(' ')[0]).Where(static l => l.Contains('.', StringComparison.Ordinal)));
        Assert.EndsWith("halving 1", lines.Single(static l => l.StartsWith("1,620.4 ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("emission.years_invalid", "--simulate", "0")]
    [InlineData("emission.recycle_invalid", "--simulate", "1", "--recycle", "1001")]
    public async Task YearsThatCannotBe_AreRefused(string code, params string[] line)
    {
        var (exit, output, error) = await DepinAsync(["emission", "TAO", .. line]);
        Assert.Equal((1, ""), (exit, output));
        Assert.Contains(code, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EpochsOfAFile_AreTheExpectedOnes_OneOrMany()
    {
        var vectors = JsonNode.Parse(await File.ReadAllTextAsync(Vectors))!.AsArray();
        var many = JsonNode.Parse(await RunAsync("subnet", "epoch", "--input", Vectors))!.AsArray();
        Assert.Equal(60, many.Count);
        Assert.All(vectors.Zip(many), static pair => Assert.True(JsonNode.DeepEquals(pair.First!["expected"], pair.Second), (string?)pair.First["name"]));

        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, vectors[7]!["inputs"]!.ToJsonString());
            Assert.True(JsonNode.DeepEquals(vectors[7]!["expected"], JsonNode.Parse(await RunAsync("subnet", "epoch", "--input", file, "-o", "json"))));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<string> RunAsync(params string[] line)
    {
        var (exit, output, error) = await DepinAsync(line);
        Assert.Equal((0, ""), (exit, error));
        return output;
    }

    private static Task<(int Code, string Out, string Error)> DepinAsync(params string[] line) => Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), null, line);
}
