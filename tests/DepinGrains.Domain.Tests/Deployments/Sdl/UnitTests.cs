using System.Text.Json;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Domain.Tests.Deployments.Sdl;

/// <summary>The unit vectors of Akash's chain-sdk.</summary>
public sealed class UnitTests
{
    private static readonly JsonElement Vectors = JsonDocument.Parse(File.ReadAllText(SdlFiles.Vector("sdl-unit-cases.json"))).RootElement;

    [Fact]
    public void Cpu_is_counted_in_thousandths()
    {
        Each("cpu", 7, c => Assert.Equal((!c[2].GetBoolean(), c[2].GetBoolean() ? 0 : c[1].GetInt64()), (SdlUnits.TryCpuMilli(c[0].GetString()!, out var milli), milli)));
    }

    [Fact]
    public void Sizes_are_counted_in_bytes()
    {
        Each("bytes", 12, c => Assert.Equal((!c[2].GetBoolean(), c[2].GetBoolean() ? 0 : c[1].GetInt64()), (SdlUnits.TryBytes(c[0].GetString()!, out var bytes), bytes)));
    }

    [Fact]
    public void Every_suffix_has_its_factor()
    {
        var suffixes = Vectors.GetProperty("suffixes").EnumerateObject().ToList();
        Assert.Equal(12, suffixes.Count);
        Assert.All(suffixes, s => Assert.Equal((true, s.Value.GetInt64()), (SdlUnits.TryBytes("1" + s.Name, out var bytes), bytes)));
    }

    [Fact]
    public void Gpu_memory_takes_binary_suffixes_only()
    {
        Assert.All(Vectors.GetProperty("gpu_ram_suffixes").EnumerateArray(), s => Assert.True(SdlUnits.IsGpuRam("80" + s.GetString())));
        Assert.All(["80", "80G", "Gi", "80gi", "-80Gi", "8.Gi"], s => Assert.False(SdlUnits.IsGpuRam(s)));
    }

    [Fact]
    public void Prices_are_decimals_above_zero()
    {
        Each("price", 5, c =>
        {
            var ok = SdlUnits.TryPrice(c[1].GetString()!, c[0].GetString()!, out var price);
            Assert.Equal(!c[3].GetBoolean(), ok);
            Assert.Equal(c[2].GetString(), ok ? price!.Amount : null);
        });
    }

    [Fact]
    public void Gpu_choices_become_sorted_attributes()
    {
        var inputs = new Dictionary<string, GpuModelChoice[]?>
        {
            ["empty vendor"] = null,
            ["nvidia: null"] = [],
            ["a100"] = [new("a100")],
            ["a100 80Gi"] = [new("a100", "80Gi")],
            ["ram 80G"] = [new("a100", "80G")],
            ["interface pciex"] = [new("a100", "80Gi", "pciex")],
            ["a100 80Gi pcie"] = [new("a100", "80Gi", "pcie")],
            ["a100 80Gi + a100 40Gi"] = [new("a100", "80Gi"), new("a100", "40Gi")],
            ["a100 80Gi + a100"] = [new("a100", "80Gi"), new("a100")],
            ["a6000 + a40"] = [new("a6000"), new("a40")],
        };
        Each("gpu", 10, c =>
        {
            var choices = inputs[c.GetProperty("n").GetString()!];
            if (choices is null)
            {
                // An empty vendor is a matter of the SDL's shape.
                var error = SdlText.Refuse(SdlText.With("        cpu:\n", "        gpu:\n          units: 1\n          attributes:\n            vendor: {}\n        cpu:\n"));
                Assert.Equal(SdlRules.Required, error.Rule);
                return;
            }

            var attributes = GpuModelKey.Strict(choices);
            var expected = c.TryGetProperty("attrs", out var list) ? list.EnumerateArray().Select(a => a.GetString()!).ToArray() : null;
            Assert.Equal(expected, attributes?.Select(a => a.Key).ToArray());
        });
    }

    [Theory]
    [InlineData("0.1", "100000000000000000")]
    [InlineData("1000", "1000000000000000000000")]
    [InlineData("0.000000000000000001", "1")]
    [InlineData("99999999999999999999", "99999999999999999999000000000000000000")]
    public void A_price_is_scaled_exactly(string text, string scaled)
    {
        Assert.True(Contracts.Deployments.UnitPrice.TryCreate("uact", text, out var price));
        Assert.Equal(Int128.Parse(scaled, System.Globalization.CultureInfo.InvariantCulture), price!.ScaledE18);
    }

    [Theory]
    [InlineData("0.0000000000000000001")]
    [InlineData("100000000000000000000")]
    [InlineData("1e3")]
    [InlineData("-1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("")]
    public void A_price_out_of_bounds_is_no_price(string text) => Assert.False(Contracts.Deployments.UnitPrice.TryCreate("uact", text, out _));

    [Theory]
    [InlineData(569.9999999999999, "569.9999999999999")]
    [InlineData(1e21, "1e+21")]
    [InlineData(123456789012345680000d, "123456789012345680000")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(0.000001, "0.000001")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(-0d, "0")]
    [InlineData(9223372036854775808d, "9223372036854776000")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    public void Numbers_print_as_in_javascript(double value, string text) => Assert.Equal(text, JsNumber.ToText(value));

    private static void Each(string name, int count, Action<JsonElement> check)
    {
        var cases = Vectors.GetProperty(name).EnumerateArray().ToList();
        Assert.Equal(count, cases.Count);
        Assert.All(cases, check);
    }
}
