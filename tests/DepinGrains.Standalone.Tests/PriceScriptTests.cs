using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Providers.Bidding;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests;

/// <summary>Pricing scripts as real processes: Akash's vectors on the wire, and scripts that misbehave.</summary>
public sealed class PriceScriptTests : IDisposable
{
    private static readonly PriceTerms Terms = new("uact", Rate.OfWhole(1_000));
    private static readonly ImmutableArray<PricedUnit> Units = [new(1_000, 1 << 30, [], 0, [], 1, 1, 0)];
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-script-").FullName;

    private static JsonElement Vectors => JsonDocument.Parse(File.ReadAllText(Path.Combine(Programs.Repository, "tests", "vectors", "deployments", "pricing-script-cases.json"))).RootElement.GetProperty("cases");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_vector_reaches_the_script_as_recorded_and_its_answer_becomes_the_bid()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("skipped: needs a POSIX shell");
        }

        var cases = Vectors.EnumerateArray().ToArray();
        Assert.Equal(30, cases.Length);
        foreach (var vector in cases)
        {
            var script = Script($"""
                cat > "{_folder}/input"
                printf '%s %s' "$AKASH_OWNER" "$AKASH_DENOM" > "{_folder}/env"
                printf '%s' '{vector.GetProperty("stderr").GetString()}' >&2
                printf '%s\n' '{vector.GetProperty("stdout").GetString()}'
                exit {vector.GetProperty("exit_code").GetInt32()}
                """);
            var input = vector.GetProperty("input");
            var price = input.GetProperty("price");
            var ceiling = Rate.Parse(price.GetProperty("amount").GetString()!);
            var terms = new PriceTerms(price.GetProperty("denom").GetString()!, ceiling, input.GetProperty("price_precision").GetInt32());
            var answer = await script.PriceAsync(UnitsOf(input), terms, "id_tenant");

            var seen = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "input")))!;
            seen["price"]!["amount"] = price.GetProperty("amount").GetString();
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(input.GetRawText()), seen), seen.ToJsonString());
            Assert.Equal("id_tenant " + terms.Denom, await File.ReadAllTextAsync(Path.Combine(_folder, "env")));
            if (vector.GetProperty("exit_code").GetInt32() == 0)
            {
                Assert.Equal(Rate.Parse(vector.GetProperty("stdout").GetString()!), answer.Require());
            }
            else
            {
                Assert.Equal("market.price_script_failed", answer.Refusal!.Code);
                Assert.Contains(vector.GetProperty("stderr").GetString()!, answer.Refusal.Detail, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("echo hello", "market.price_script_output_invalid")]
    [InlineData("true", "market.price_script_output_invalid")]
    [InlineData("echo 0", "market.price_zero")]
    [InlineData("echo 1000.000001", "market.price_above_ceiling")]
    [InlineData("echo 5; exit 3", "market.price_script_failed")]
    [InlineData("kill -9 $$", "market.price_script_failed")]
    [InlineData("yes", "market.price_script_output_too_large")]
    [InlineData("yes >&2", "market.price_script_output_too_large")]
    public async Task A_script_that_gives_no_price_is_no_bid_and_says_why(string body, string code) =>
        Assert.Equal(code, (await Script(body, seconds: 20).PriceAsync(Units, Terms, "id")).Refusal!.Code);

    [Fact]
    public async Task A_script_that_hangs_is_ended_in_time_with_all_it_started()
    {
        var begun = Stopwatch.GetTimestamp();
        var refused = (await Script($"sleep 300 & echo $! > {_folder}/child\nwait", seconds: 10).PriceAsync(Units, Terms, "id")).Refusal!;
        Assert.Equal("market.price_script_timeout", refused.Code);
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(200));
        var child = (await File.ReadAllTextAsync(Path.Combine(_folder, "child"))).Trim();
        await Programs.EventuallyAsync("the child is gone", () => Task.FromResult(IsRunning(child) ? null : "gone"));
    }

    [Fact]
    public async Task A_script_that_ignores_its_input_or_leaves_something_running_still_gives_its_price()
    {
        Assert.Equal("7", (await Script("exec 0<&-; echo 7").PriceAsync(Units, Terms, "id")).Require().ToString());
        var big = Enumerable.Range(0, 20).Select(_ => new PricedUnit(1, 1, [.. Enumerable.Range(0, 200).Select(i => new VolumeDemand(new string('v', 200), i, "beta2", true))], 0, [], 1, 0, 0)).ToImmutableArray();
        Assert.Equal("8", (await Script("echo 8").PriceAsync(big, Terms, "id")).Require().ToString());
        var begun = Stopwatch.GetTimestamp();
        Assert.Equal("9", (await Script("sleep 5 & echo 9", seconds: 60).PriceAsync(Units, Terms, "id")).Require().ToString());
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_file_that_cannot_be_run_is_said()
    {
        var path = Path.Combine(_folder, "plain");
        await File.WriteAllTextAsync(path, "no script");
        Assert.Equal("market.price_script_unstartable", (await new PriceScript(path, TimeSpan.FromSeconds(5)).PriceAsync(Units, Terms, "id")).Refusal!.Code);
    }

    private static bool IsRunning(string id) => Directory.Exists("/proc/" + id) && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);

    private static ImmutableArray<PricedUnit> UnitsOf(JsonElement input) => [.. input.GetProperty("resources").EnumerateArray().Select(static r =>
    {
        var gpu = r.GetProperty("gpu");
        var cards = gpu.GetProperty("attributes").GetProperty("vendor").EnumerateObject().Select(static v =>
            $"vendor/{v.Name}/model/{v.Value.GetProperty("model").GetString()}" +
            (v.Value.TryGetProperty("ram", out var ram) ? "/ram/" + ram.GetString() : "") +
            (v.Value.TryGetProperty("interface", out var connection) ? "/interface/" + connection.GetString() : ""));
        var volumes = r.GetProperty("storage").EnumerateArray().Select(static s => new VolumeDemand("", s.GetProperty("size").GetInt64(), s.GetProperty("class").GetString()!, false));
        return new PricedUnit(
            r.GetProperty("cpu").GetInt64(), r.GetProperty("memory").GetInt64(), [.. volumes], gpu.GetProperty("units").GetInt32(), [.. cards], r.GetProperty("count").GetInt32(),
            r.GetProperty("endpoint_quantity").GetInt32(), r.GetProperty("ip_lease_quantity").GetInt32());
    })];

    private PriceScript Script(string body, double seconds = 30)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".sh");
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new PriceScript(path, TimeSpan.FromSeconds(seconds));
    }
}
