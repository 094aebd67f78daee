using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Registration;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Prices of both eras, caps, and pruning of all three, against <c>registration_vectors.json</c>.</summary>
public sealed class RegistrationVectorTests
{
    private static readonly JsonElement File = SubnetVectors.Read("registration_vectors.json");

    [Fact]
    public void EveryAdjustmentOf2024_Holds()
    {
        var vectors = File.GetProperty("adjustment_2024").EnumerateArray().ToArray();
        Assert.Equal(17, vectors.Length);
        foreach (var vector in vectors)
        {
            var from = vector.GetProperty("inputs");
            var terms = new IntervalPricing(
                360, from.GetProperty("target_registrations_per_interval").GetInt32(), from.GetProperty("adjustment_alpha_u64").GetUInt64(), from.GetProperty("min_burn").GetUInt64(), from.GetProperty("max_burn").GetUInt64());
            var (burn, difficulty) = IntervalPricing.AdjustBoth(
                new IntervalCounts(from.GetProperty("burn_registrations").GetInt32(), from.GetProperty("pow_registrations").GetInt32()),
                from.GetProperty("burn").GetUInt64(), from.GetProperty("difficulty").GetUInt64(), terms, from.GetProperty("min_difficulty").GetUInt64(), from.GetProperty("max_difficulty").GetUInt64());
            foreach (var source in (string[])["expected", "model"])
            {
                AssertOr(vector.GetProperty(source).GetProperty("burn"), burn, vector);
                AssertOr(vector.GetProperty(source).GetProperty("difficulty"), difficulty, vector);
            }
        }
    }

    [Fact]
    public void SixtyIntervalsOfADefaultSubnet_GiveTheDerivedPrices()
    {
        var steps = File.GetProperty("adjustment_2024_sequence").GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(60, steps.Length);
        var terms = File.GetProperty("adjustment_2024_sequence").GetProperty("params");
        var (pricing, block) = (new IntervalPricing(360, terms.GetProperty("target").GetInt32(), terms.GetProperty("adjustment_alpha_u64").GetUInt64(), terms.GetProperty("min_burn").GetUInt64(), terms.GetProperty("max_burn").GetUInt64()), 0UL);
        Assert.Equal(new IntervalPricing(), pricing);
        var price = new RegistrationPrice(1_000_000_000, 0, 0);
        foreach (var step in steps)
        {
            Assert.Equal(step.GetProperty("burn_before").GetUInt64(), price.Burn);
            for (var i = 0; i < step.GetProperty("registrations").GetInt32(); i++)
            {
                price = pricing.Registered(price, block + 1);
            }

            block += 360;
            Assert.Equal(price.Burn, pricing.At(price, block - 1).Burn);
            price = pricing.At(price, block);
            Assert.Equal(step.GetProperty("burn_after").GetUInt64(), price.Burn);
        }
    }

    [Fact]
    public void EveryContinuousPriceOf2026_Holds()
    {
        var vectors = File.GetProperty("burn_2026").EnumerateArray().ToArray();
        Assert.Equal(7, vectors.Length);
        foreach (var vector in vectors)
        {
            AssertContinuous(vector.GetProperty("name").GetString()!, vector.TryGetProperty("inputs", out var inputs) ? inputs : default, vector.GetProperty("expected"));
        }

        Assert.Equal(vectors[^1].GetProperty("factor_q32").GetUInt64(), ContinuousPricing.FactorOf(360));
    }

    [Fact]
    public void EveryPrunedUid_IsTheOneOfItsEra()
    {
        var vectors = File.GetProperty("pruning").EnumerateArray().ToArray();
        Assert.Equal(64, vectors.Length);
        foreach (var vector in vectors)
        {
            var from = vector.GetProperty("inputs");
            var era = vector.GetProperty("era").GetString() switch { "2024-04" => PruningEra.Early2024, "2024-11" => PruningEra.Late2024, _ => PruningEra.Since2025 };
            var scores = SubnetVectors.ULongs(from.GetProperty(era == PruningEra.Since2025 ? "emission" : "pruning_scores"));
            var registered = SubnetVectors.ULongs(from.GetProperty("registered_at"));
            int[] immortal = era == PruningEra.Since2025 ? [.. from.GetProperty("immortal_uids").EnumerateArray().Select(static u => u.GetInt32())] : [];
            var rules = new Pruning(era, from.GetProperty("immunity_period").GetUInt64(), era == PruningEra.Since2025 ? from.GetProperty("min_non_immune_uids").GetInt32() : 0);
            var chosen = rules.Choose([.. scores.Select((s, uid) => new PruningCandidate(s, registered[uid], immortal.Contains(uid)))], from.GetProperty("block").GetUInt64());
            Assert.True(vector.GetProperty("expected_uid").GetInt32() == chosen, $"{vector.GetProperty("name")}: {chosen}");
        }
    }

    [Fact]
    public void Since2025_NobodyGoes_WhenAllAreImmortal() =>
        Assert.Null(new Pruning(PruningEra.Since2025, 10).Choose([new PruningCandidate(1, 0, true), new PruningCandidate(0, 0, true)], 100));

    /// <summary>
    /// Two rows say what our API has in another form. The mempool's filter (<c>interval_cap_txpool</c>, stricter than the chain's own check, answered by the famous "ExhaustsResources") is none of ours: there is no mempool, so
    /// the chain's check alone decides and says which bound it is. What is recycled per subnet (<c>recycled_counter</c>) is counted by the subnet grain: Grains.Tests RegistrationTests, and here its amount.
    /// </summary>
    [Fact]
    public void EveryCap_Holds()
    {
        var caps = File.GetProperty("caps_2024").EnumerateArray().ToDictionary(static c => c.GetProperty("name").GetString()!);
        Assert.Equal(["block_cap", "burned_ok", "interval_cap_dispatch", "interval_cap_txpool", "recycled_counter"], caps.Keys.Order(StringComparer.Ordinal));
        var fine = new RegistrationContext { Price = 1000, MaxPerBlock = 1_000, TargetPerInterval = 1_000 };
        var request = new RegistrationRequest(10_000);
        AssertCap(caps["block_cap"], (n, inputs) => RegistrationRules.Check(request, fine with { MaxPerBlock = inputs.GetProperty("max_registrations_per_block").GetInt32(), ThisBlock = n }));
        AssertCap(caps["interval_cap_dispatch"], (n, inputs) => RegistrationRules.Check(request, fine with
        {
            MaxPerBlock = inputs.GetProperty("max_registrations_per_block").GetInt32(), TargetPerInterval = inputs.GetProperty("target_registrations_per_interval").GetInt32(), ThisInterval = n,
        }));
        var pool = caps["interval_cap_txpool"].GetProperty("inputs");
        Assert.Equal("ExhaustsResources", caps["interval_cap_txpool"].GetProperty("expected").GetString());
        Assert.True(RegistrationRules.Check(request, fine with { TargetPerInterval = pool.GetProperty("target_registrations_per_interval").GetInt32(), ThisInterval = pool.GetProperty("registrations_this_interval").GetInt32() }).IsOk);

        var (burned, after) = (caps["burned_ok"].GetProperty("inputs"), caps["burned_ok"].GetProperty("expected"));
        var paid = RegistrationRules.Check(new RegistrationRequest(burned.GetProperty("balance").GetUInt64()), fine with { Price = burned.GetProperty("burn").GetUInt64() }).Require();
        Assert.Equal(after.GetProperty("balance_after").GetUInt64(), burned.GetProperty("balance").GetUInt64() - paid);

        Assert.True(RegistrationRules.Check(request, fine with { ThisInterval = 9_000, TargetPerInterval = null }).IsOk);
        Assert.Equal("NotEnoughBalanceToStake", Error(new RegistrationRequest(999), fine));
        Assert.Equal("PriceLimitExceeded", Error(request with { MaxPrice = 999 }, fine));
        Assert.Equal("AlreadyRegistered", Error(request, fine with { AlreadyRegistered = true }));
        Assert.Equal("RegistrationDisabled", Error(request, fine with { Allowed = false, ThisBlock = 99_000 }));
    }

    /// <summary>"10 succeed, 11th -> TooManyRegistrationsThisBlock".</summary>
    private static void AssertCap(JsonElement cap, Func<int, JsonElement, Result<ulong>> check)
    {
        var (words, inputs) = (cap.GetProperty("expected").GetString()!.Split(' '), cap.GetProperty("inputs"));
        var succeed = int.Parse(words[0]);
        Assert.All(Enumerable.Range(0, succeed), n => Assert.True(check(n, inputs).IsOk));
        Assert.Equal((words[^1], $"{succeed + 1}th"), (check(succeed, inputs).Refusal?.Facts.Single(static f => f.Name == "error").Value, words[2]));
    }

    [Fact]
    public void APriceThatMoved_IsToldInTaoAsTheOptionTakesIt_AndInRaoAsNumbers()
    {
        var refused = RegistrationRules.Check(new RegistrationRequest(100_000_000_000, 3_200_000_000), new RegistrationContext { Price = 12_800_000_000 }).Refusal!;
        Assert.Equal("price moved from 3.2 to 12.8 TAO while you waited: pass --max-price", refused.Detail);
        Assert.Equal(["PriceLimitExceeded", "12800000000", "3200000000"], refused.Facts.Select(static f => f.Value));
        Assert.True(RegistrationRules.Check(new RegistrationRequest(100_000_000_000, 12_800_000_000), new RegistrationContext { Price = 12_800_000_000 }).IsOk);
    }

    [Fact]
    public void Prices_AreTheSameInOneStepAndInMany()
    {
        var random = new Random(5);
        foreach (IRegistrationPricing pricing in (IRegistrationPricing[])[new IntervalPricing(), new IntervalPricing(7, 2, 0, 10), new ContinuousPricing(), new ContinuousPricing(5)])
        {
            for (var round = 0; round < 50; round++)
            {
                var price = new RegistrationPrice((ulong)random.NextInt64(1_000_000, 50_000_000_000), 100, random.Next(4));
                var (end, steps) = (100UL + (ulong)random.Next(20_000), price);
                for (var block = 100UL; block < end; block += (ulong)random.Next(1, 500))
                {
                    steps = pricing.At(steps, block);
                }

                Assert.Equal(pricing.At(price, end), pricing.At(steps, end));
                Assert.Equal(pricing.At(price, end), pricing.At(pricing.At(price, end), end));
            }
        }
    }

    [Fact]
    public void AnIdleSubnetOfAMillionYears_IsPricedAtOnce()
    {
        Assert.Equal(1UL, new IntervalPricing().At(new RegistrationPrice(100_000_000_000, 0, 3), 1UL << 60).Burn);
        Assert.Equal(500_000UL, new ContinuousPricing().At(new RegistrationPrice(100_000_000_000, 0, 0), 1UL << 60).Burn);
    }

    private static string? Error(RegistrationRequest request, RegistrationContext context) => RegistrationRules.Check(request, context).Refusal?.Facts.Single(static f => f.Name == "error").Value;

    private static void AssertOr(JsonElement expected, ulong ours, JsonElement vector)
    {
        if (expected.ValueKind != JsonValueKind.Null)
        {
            Assert.True(expected.GetUInt64() == ours, $"{vector.GetProperty("name")}: expected {expected} got {ours}");
        }
    }

    private static void AssertContinuous(string name, JsonElement from, JsonElement expected)
    {
        decimal Of(string member, decimal otherwise) => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(member, out var value) ? value.GetDecimal() : otherwise;
        if (name == "defaults")
        {
            var usual = new ContinuousPricing();
            Assert.Equal((expected.GetProperty("half_life").GetInt32(), expected.GetProperty("increase_mult").GetDecimal()), (usual.HalfLife, usual.IncreaseMillionths / 1_000_000m));
            return;
        }

        var mult = from.TryGetProperty("increase_mult", out var increase) ? increase.GetDecimal() : Of("mult", 1.26m);
        var pricing = new ContinuousPricing((int)Of("half_life", 360), (long)(mult * 1_000_000), (ulong)Of("min_burn", 0), (ulong)Of("max_burn", 100_000_000_000));
        var price = new RegistrationPrice((ulong)Of("burn", 0), 0, 0);
        foreach (var step in expected.EnumerateArray())
        {
            if (step[0].ValueKind == JsonValueKind.Number || step[0].GetString()!.EndsWith("blocks", StringComparison.Ordinal))
            {
                // A height counted from the start.
                price = pricing.At(price, step[0].ValueKind == JsonValueKind.Number ? step[0].GetUInt64() : ulong.Parse(step[0].GetString()!.Split(' ')[0]));
            }
            else
            {
                price = step[0].GetString() == "register" ? pricing.Registered(price, price.Block) : pricing.At(price, price.Block + 1);
            }

            Assert.True(step[1].GetUInt64() == price.Burn, $"{name} {step}: {price.Burn}");
        }
    }
}
