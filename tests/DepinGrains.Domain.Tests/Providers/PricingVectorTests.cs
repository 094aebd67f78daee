using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;
using DepinGrains.Domain.Escrow;
using DepinGrains.Domain.Nodes;
using DepinGrains.Domain.Providers;

namespace DepinGrains.Domain.Tests.Providers;

/// <summary>pricing-script-cases.json (outputs of Akash's own script) and the scale cases of sdl-unit-cases.json.</summary>
public sealed class PricingVectorTests
{
    private static readonly JsonElement Vectors = DeploymentVectors.Read("pricing-script-cases.json").GetProperty("cases");
    private static readonly JsonElement Scale = DeploymentVectors.Read("sdl-unit-cases.json").GetProperty("scale_pricing");

    public static TheoryData<int, string> Cases
    {
        get
        {
            var data = new TheoryData<int, string>();
            foreach (var (vector, index) in Vectors.EnumerateArray().Select((v, i) => (v, i)))
            {
                data.Add(index, vector.GetProperty("name").GetString() + " " + vector.GetProperty("denom").GetString());
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ManagedBid_GivesTheScriptsNumbers(int index, string name)
    {
        var vector = Vectors[index];
        var terms = Terms(vector);
        var policy = UsdPricing.Default with { GpuUsd = Mapping(vector) };

        var quote = UsdPricing.Quote(policy, Units(vector), terms, terms.Denom == "uakt" ? vector.GetProperty("usd_per_akt").GetString() : null);

        if (vector.GetProperty("exit_code").GetInt32() == 0)
        {
            Assert.True(quote.IsOk, name + ": " + quote.Refusal);
            Assert.Equal(vector.GetProperty("stdout").GetString(), quote.Value.Amount);
        }
        else
        {
            Assert.Equal("market.price_above_ceiling", quote.Refusal?.Code);
            Assert.Equal(vector.GetProperty("stderr").GetString(), quote.Refusal!.Detail);
        }
    }

    [Fact]
    public void Cases_AreAllThere() => Assert.Equal(30, Cases.Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void ScriptInput_IsBuiltAsTheScriptExpects(int index, string name)
    {
        var input = Vectors[index].GetProperty("input");

        var built = JsonNode.Parse(PriceScriptProtocol.BuildInput(Units(Vectors[index]), Terms(Vectors[index])))!;

        // The ceiling is the same number, written shorter: 1000000 for 1000000.0.
        Assert.Equal(Rate.Parse(input.GetProperty("price").GetProperty("amount").GetString()!), Rate.Parse(built["price"]!["amount"]!.GetValue<string>()));
        built["price"]!["amount"] = input.GetProperty("price").GetProperty("amount").GetString();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(input.GetRawText()), built), name + "\n" + built);
    }

    [Fact]
    public void Breakdown_AddsUpToTheAmount()
    {
        var quote = UsdPricing.Quote(UsdPricing.Default with { GpuUsd = [new("a100", "950")] }, Units(Vectors[6]), Terms(Vectors[6]), null).Require();

        var sum = quote.Lines.Select(l => decimal.Parse(l.PerBlock, CultureInfo.InvariantCulture)).Sum();
        Assert.Equal(decimal.Parse(quote.Amount, CultureInfo.InvariantCulture), decimal.Round(sum, 6));
        Assert.Equal(["cpu", "memory", "storage/ephemeral", "endpoint", "gpu/a100"], quote.Lines.Select(l => l.Resource));
        Assert.Equal(("4", "1.60"), (quote.Lines[0].Quantity, quote.Lines[0].UnitPrice));
    }

    [Theory]
    [InlineData("vendor/nvidia/model/a100/ram/80Gi/interface/sxm", "gpu/a100.80Gi.sxm")]
    [InlineData("vendor/nvidia/model/a100/ram/81920Mi/interface/sxm", "gpu/a100.80Gi.sxm")]
    [InlineData("vendor/nvidia/model/a100/ram/80Gi/interface/pcie", "gpu/a100.80Gi")]
    [InlineData("vendor/nvidia/model/a100/ram/94Gi", "gpu/a100")]
    [InlineData("vendor/nvidia/model/*", "gpu/*")]
    public void GpuPrice_IsTheMostExactKey(string selector, string line)
    {
        var units = ImmutableArray.Create(new PricedUnit(0, 0, [], 1, [selector], 1, 0, 0));
        var policy = UsdPricing.Default with { GpuUsd = [new("a100", "950"), new("a100.80Gi", "1000"), new("a100.80Gi.sxm", "1100")] };

        Assert.Equal(line, Assert.Single(UsdPricing.Quote(policy, units, new PriceTerms("uact", Rate.Max), null).Require().Lines).Resource);
    }

    [Fact]
    public void GpuPrice_OfSeveralAcceptableCards_IsTheDearest()
    {
        var units = ImmutableArray.Create(new PricedUnit(0, 0, [], 1, ["vendor/nvidia/model/t4", "vendor/nvidia/model/a100", "vendor/nvidia/model/t4"], 1, 0, 0));

        Assert.Equal("gpu/a100", Assert.Single(UsdPricing.Quote(UsdPricing.Default with { GpuUsd = [new("a100", "950"), new("t4", "80")] }, units, new PriceTerms("uact", Rate.Max), null).Require().Lines).Resource);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("1e3")]
    [InlineData("0.123456789")]
    [InlineData("1000000000")]
    public void Policy_WithABadPrice_IsRefused(string price)
    {
        Assert.Equal("provider.pricing_invalid", UsdPricing.WhyInvalid(UsdPricing.Default with { CpuUsd = price })?.Code);
        Assert.Equal("provider.pricing_invalid", UsdPricing.WhyInvalid(UsdPricing.Default with { GpuUsd = [new("a100", price)] })?.Code);
    }

    [Fact]
    public void HugeOrder_IsPricedWithoutOverflow()
    {
        var unit = new PricedUnit(long.MaxValue, long.MaxValue, [new("v", long.MaxValue, "beta3", true)], int.MaxValue, [], int.MaxValue, int.MaxValue, int.MaxValue);

        Assert.Equal("market.price_above_ceiling", UsdPricing.Quote(UsdPricing.Default, [unit, unit], new PriceTerms("uact", Rate.Max), null).Refusal?.Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Scale_IsExact(int index)
    {
        var vector = Scale[index];
        var policy = new ScalePricing(
            Number(vector, "cpu_scale"),
            Number(vector, "mem_scale_per_MiB"),
            [new("ephemeral", Number(vector, "storage_scale_per_MiB"))],
            "0",
            "0");
        foreach (var (count, expected) in Expected(vector))
        {
            var unit = new PricedUnit(Amount(vector, "cpu_milli"), Amount(vector, "mem_bytes"), [new("default", Amount(vector, "bytes"), "", false)], 0, [], count, 0, 0);
            var amount = ScalePolicy.Quote(policy, [unit], new PriceTerms("uact", Rate.Max)).Require().Amount;
            if (vector.TryGetProperty("price", out _))
            {
                Assert.Equal(expected, amount);
            }
            else
            {
                Assert.Equal(decimal.Parse(expected, CultureInfo.InvariantCulture), decimal.Parse(amount, CultureInfo.InvariantCulture), 6);
            }
        }
    }

    [Fact]
    public void Scale_LeasedAddressesCountOnceWhateverTheReplicas()
    {
        var policy = new ScalePricing("0", "0", [], "0", "7");

        Assert.Equal("14", ScalePolicy.Quote(policy, [new PricedUnit(1, 1, [], 0, [], 33, 0, 2)], new PriceTerms("uact", Rate.Max)).Require().Amount);
    }

    [Fact]
    public void Scale_RefusesZeroUnknownClassAndWhatExceedsTheCeiling()
    {
        var policy = new ScalePricing("1", "0", [new("beta2", "1")], "0", "0");
        PricedUnit Unit(long cpu, string storageClass) => new(cpu, 0, [new("v", 1 << 20, storageClass, true)], 0, [], 1, 0, 0);

        Assert.Equal("provider.pricing_invalid", ScalePolicy.WhyInvalid(new ScalePricing("0", "0", [], "0", "0.0"))?.Code);
        Assert.Equal("market.price_zero", ScalePolicy.Quote(policy, [new PricedUnit(0, 5, [], 0, [], 1, 1, 1)], new PriceTerms("uact", Rate.Max)).Refusal?.Code);
        Assert.Equal("market.storage_class_unpriced", ScalePolicy.Quote(policy, [Unit(1, "beta3")], new PriceTerms("uact", Rate.Max)).Refusal?.Code);
        Assert.Equal("market.price_above_ceiling", ScalePolicy.Quote(policy, [Unit(1, "beta2")], new PriceTerms("uact", Rate.OfWhole(1))).Refusal?.Code);
        Assert.Equal("2", ScalePolicy.Quote(policy, [Unit(1, "beta2")], new PriceTerms("uact", Rate.OfWhole(2))).Require().Amount);
    }

    [Theory]
    [InlineData(1, "", "no bid", "market.price_script_failed")]
    [InlineData(0, "abc", "", "market.price_script_output_invalid")]
    [InlineData(0, "-1", "", "market.price_script_output_invalid")]
    [InlineData(0, "0.000", "", "market.price_zero")]
    [InlineData(0, "11", "", "market.price_above_ceiling")]
    [InlineData(0, " 4.791712\n", "", null)]
    public void ScriptOutput_IsABidOrARefusal(int exitCode, string stdout, string stderr, string? code) =>
        Assert.Equal(code, PriceScriptProtocol.ReadOutput(exitCode, stdout, stderr, new PriceTerms("uact", Rate.OfWhole(10))).Refusal?.Code);

    private static PriceTerms Terms(JsonElement vector)
    {
        var price = vector.GetProperty("input").GetProperty("price");
        return new PriceTerms(price.GetProperty("denom").GetString()!, Rate.Parse(price.GetProperty("amount").GetString()!), vector.GetProperty("input").GetProperty("price_precision").GetInt32());
    }

    private static ImmutableArray<Fact> Mapping(JsonElement vector) => vector.GetProperty("env").TryGetProperty("PRICE_TARGET_GPU_MAPPINGS", out var text)
        ? [.. text.GetString()!.Split(',').Select(pair => pair.Split('=')).Select(pair => new Fact(pair[0], pair[1]))]
        : [];

    private static ImmutableArray<PricedUnit> Units(JsonElement vector) =>
    [
        .. vector.GetProperty("input").GetProperty("resources").EnumerateArray().Select(r => new PricedUnit(
            r.GetProperty("cpu").GetInt64(),
            r.GetProperty("memory").GetInt64(),
            [.. r.GetProperty("storage").EnumerateArray().Select(s => new VolumeDemand("v", s.GetProperty("size").GetInt64(), s.GetProperty("class").GetString()!, false))],
            r.GetProperty("gpu").GetProperty("units").GetInt32(),
            [.. r.GetProperty("gpu").GetProperty("attributes").GetProperty("vendor").EnumerateObject().Select(Selector)],
            r.GetProperty("count").GetInt32(),
            r.GetProperty("endpoint_quantity").GetInt32(),
            r.GetProperty("ip_lease_quantity").GetInt32())),
    ];

    private static string Selector(JsonProperty vendor)
    {
        string Part(string name) => vendor.Value.TryGetProperty(name, out var value) ? $"/{name}/{value.GetString()}" : "";
        return $"vendor/{vendor.Name}{Part("model")}{Part("ram")}{Part("interface")}";
    }

    /// <summary>"23*1048576" → the product.</summary>
    private static string Number(JsonElement vector, string name) => !vector.TryGetProperty(name, out var value)
        ? "0"
        : value.ToString().Split('*').Select(f => BigInteger.Parse(f, CultureInfo.InvariantCulture)).Aggregate((a, b) => a * b).ToString(CultureInfo.InvariantCulture);

    private static long Amount(JsonElement vector, string name) => vector.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    private static IEnumerable<(int Count, string Price)> Expected(JsonElement vector)
    {
        var price = vector.TryGetProperty("price", out var exact) ? exact : vector.GetProperty("price_near");
        return price.ValueKind == JsonValueKind.Array
            ? vector.GetProperty("count").EnumerateArray().Zip(price.EnumerateArray(), (c, p) => (c.GetInt32(), p.ToString()))
            : [(1, price.ToString())];
    }
}
