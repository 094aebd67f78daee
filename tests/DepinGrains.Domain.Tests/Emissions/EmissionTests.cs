using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Domain.Emissions;
using DepinGrains.Domain.Tests.Subnets;

namespace DepinGrains.Domain.Tests.Emissions;

/// <summary>TAO's emission: vectors, thresholds, settlement of any number of blocks, forecast.</summary>
public sealed class EmissionTests
{
    private static readonly JsonElement File = SubnetVectors.Read("emission_vectors.json");

    [Fact]
    public void EveryPair_Holds()
    {
        var pairs = File.GetProperty("pairs_issuance_emission_rao").EnumerateArray().ToArray();
        Assert.Equal(43, pairs.Length);
        Assert.All(pairs, static pair => Assert.Equal(pair[1].GetInt64(), TaoEmission.PerBlock(pair[0].GetUInt64())));
    }

    [Fact]
    public void EveryThreshold_HoldsExactly_AndOneRaoBelow()
    {
        var rows = File.GetProperty("derived_threshold_table").EnumerateArray().ToArray();
        Assert.Equal(31, rows.Length);
        foreach (var row in rows)
        {
            var (halvings, threshold) = (row.GetProperty("halvings").GetInt32(), row.GetProperty("issuance_threshold_rao").GetUInt64());
            Assert.Equal((long)threshold, TaoEmission.Threshold(halvings));
            Assert.Equal((halvings, row.GetProperty("emission_rao_per_block").GetInt64()), (TaoEmission.Halvings(threshold), TaoEmission.PerBlock(threshold)));
            Assert.Equal(Math.Max(0, halvings - 1), halvings == 0 ? 0 : TaoEmission.Halvings(threshold - 1));

            // The same in TAO, in days, and how long a stage lasts when nothing is recycled; fractions of a rao a block are beyond both.
            var perBlock = TaoEmission.PerBlock(threshold);
            Assert.Equal(row.GetProperty("issuance_threshold_tao").GetDouble(), threshold / (double)TaoEmission.RaoPerTao, 6);
            Assert.Equal(row.GetProperty("emission_tao_per_day").GetDouble(), perBlock * 7_200 / (double)TaoEmission.RaoPerTao, 6);
            if (row.GetProperty("blocks_in_stage_without_recycling") is { ValueKind: JsonValueKind.Number } blocks)
            {
                Assert.Equal(blocks.GetDouble(), (TaoEmission.Threshold(halvings + 1) - (long)threshold) / (double)perBlock, 0.5);
            }
            else
            {
                Assert.Equal(TaoEmission.LastStage, halvings);
            }
        }
    }

    [Fact]
    public void Constants_AreTheChains()
    {
        var constants = File.GetProperty("constants");
        long Of(string name) => constants.GetProperty(name).GetInt64();
        Assert.Equal(5, constants.EnumerateObject().Count());
        Assert.Equal((Of("block_seconds"), Of("blocks_per_day")), (TaoEmission.BlockSeconds, (long)TimeSpan.FromDays(1).TotalSeconds / TaoEmission.BlockSeconds));
        Assert.Equal((Of("total_supply_rao"), Of("initial_emission_rao"), Of("rao_per_tao")), (TaoEmission.Cap, TaoEmission.PerBlock(0), TaoEmission.RaoPerTao));
    }

    [Fact]
    public void AHundredStages_Converge()
    {
        var issuance = 0UL;
        for (var i = 0; i < 100; i++)
        {
            issuance += 10_500_000 * (ulong)TaoEmission.PerBlock(issuance);
        }

        Assert.Equal(File.GetProperty("convergence").GetProperty("expected_total").GetUInt64(), issuance);
    }

    [Fact]
    public void WholeRange_FollowsTheIntegerFormOfTheLogarithm()
    {
        for (var issuance = 0L; issuance < TaoEmission.Cap; issuance += 3_333_333_333_333)
        {
            var halvings = 0;
            while (halvings < TaoEmission.LastStage && (Int128)(TaoEmission.Cap - issuance) << (halvings + 1) <= TaoEmission.Cap)
            {
                halvings++;
            }

            Assert.Equal(1_000_000_000 >> halvings, TaoEmission.PerBlock((ulong)issuance));
        }
    }

    [Fact]
    public void RecyclingDelay_HoldsToTheBlock()
    {
        foreach (var row in File.GetProperty("derived_recycling_delay").EnumerateArray())
        {
            var moments = EmissionSimulation.Run(EmissionState.Genesis(latch: false), 40, row.GetProperty("recycle_rao_per_block").GetInt64()).Require();
            var halvings = moments.Where(static m => m.IsHalving).Select(static m => m.Block).ToArray();
            Assert.Equal(row.GetProperty("halving_1_block").GetInt64(), halvings[0]);
            var second = row.GetProperty("halving_2_block");
            long? expected = second.ValueKind == JsonValueKind.Null ? null : second.GetInt64();
            Assert.Equal(expected, halvings.Length > 1 ? halvings[1] : (long?)null);
            Assert.Equal(row.GetProperty("halving_1_days").GetDouble(), halvings[0] / 7_200.0, 0.005);
            Assert.Equal(expected is null, row.GetProperty("halving_2_days").ValueKind == JsonValueKind.Null);
            Assert.True(expected is null || Math.Abs(row.GetProperty("halving_2_days").GetDouble() - (halvings[1] / 7_200.0)) <= 0.005);
            Assert.Equal(row.GetProperty("recycled_percent_of_first_stage_emission").GetInt64() * TaoEmission.PerBlock(0), row.GetProperty("recycle_rao_per_block").GetInt64() * 100);
        }
    }

    /// <summary>The settlement of n blocks equals n settlements of one, whatever stage, recycling and latch; near thresholds most of all.</summary>
    [Fact]
    public void ManyBlocksAtOnce_EqualTheSumOfSingleOnes()
    {
        var random = new Random(17);
        for (var round = 0; round < 400; round++)
        {
            var stage = random.Next(0, 30);
            var emission = TaoEmission.OfStage(stage);
            var issuance = Math.Clamp(TaoEmission.Threshold(stage) + random.NextInt64(-(4 * emission) - 3, (4 * emission) + 3), 0, TaoEmission.Cap);
            var recycle = random.Next(4) switch { 0 => 0, 1 => random.NextInt64(0, (2 * emission) + 2), 2 => emission, _ => random.NextInt64(0, 2 * emission * (1 + random.Next(5)) + 1) };
            var state = new EmissionState(issuance, random.Next(3) == 0 ? Math.Max(TaoEmission.Halvings((ulong)issuance), random.Next(0, 31)) : null);
            var blocks = random.Next(0, 300);
            var (step, emitted, recycled) = (state, 0L, 0L);
            for (var block = 0; block < blocks; block++)
            {
                var (one, back) = (step.PerBlock, Math.Min(recycle, step.Issuance + step.PerBlock));
                var next = step.Issuance + one - back;
                (emitted, recycled) = (emitted + one, recycled + back);
                step = new EmissionState(next, step.Latched is null ? null : Math.Max(step.Latched.Value, TaoEmission.Halvings((ulong)next)));
            }

            var run = EmissionSettlement.Settle(state, blocks, recycle).Require();
            Assert.True((step, emitted, recycled) == (run.State, run.Emitted, run.Recycled), $"round {round}: {state}, {blocks} blocks, {recycle}: {step} {emitted} {recycled}, at once {run}");
            Assert.Equal(state.Issuance + run.Emitted - run.Recycled, run.State.Issuance);
        }
    }

    [Fact]
    public void TenYears_SettleInAFewSteps_AndSplitAnywhereTheSame()
    {
        var random = new Random(23);
        var blocks = 10 * EmissionSimulation.BlocksPerYear;
        foreach (var recycle in (long[])[0, 50_000_000, 500_000_000, 600_000_000, 1_000_000_000, 1_400_000_000])
        {
            var whole = EmissionSettlement.Settle(new EmissionState(9_000_000_000_000_000), blocks, recycle).Require();
            Assert.InRange(whole.Steps, 1, 8);
            for (var round = 0; round < 20; round++)
            {
                var cut = random.NextInt64(blocks);
                var first = EmissionSettlement.Settle(new EmissionState(9_000_000_000_000_000), cut, recycle).Require();
                var second = EmissionSettlement.Settle(first.State, blocks - cut, recycle).Require();
                Assert.Equal((whole.State, whole.Emitted, whole.Recycled), (second.State, first.Emitted + second.Emitted, first.Recycled + second.Recycled));
            }
        }
    }

    [Fact]
    public void AllOfTime_IssuesNeverMoreThanTheCap()
    {
        var run = EmissionSettlement.Settle(EmissionState.Genesis(latch: true), EmissionSettlement.BlocksMax).Require();
        Assert.InRange(run.State.Issuance, TaoEmission.Threshold(30), TaoEmission.Cap);
        Assert.Equal((30, 0L, run.Emitted), (run.State.Halvings, run.State.PerBlock, run.State.Issuance));
        Assert.InRange(run.Steps, 30, 33);
    }

    [Fact]
    public void RecyclingBackAcrossAThreshold_DoublesAgain_UnlessLatched()
    {
        var crossed = new EmissionState(10_499_999_500_000_000).Issue(1_000_000_000);
        Assert.Equal(500_000_000, crossed.PerBlock);
        Assert.Equal(1_000_000_000, crossed.Recycle(2_000_000_000).PerBlock);
        var latched = new EmissionState(10_499_999_500_000_000, 0).Issue(1_000_000_000).Recycle(2_000_000_000);
        Assert.Equal((500_000_000, 1), (latched.PerBlock, latched.Latched));
    }

    [Fact]
    public void Forecast_GivesSoonestUsualAndLatest()
    {
        var observed = ObservedRecycling.From([.. Enumerable.Range(1, 10).Select(static day => day * 72_000_000_000L)], 7200);
        Assert.Equal(new ObservedRecycling(10_000_000, 50_000_000, 90_000_000), observed);
        var forecast = HalvingForecast.For(EmissionState.Genesis(false), observed)!;
        Assert.Equal((1, 10_500_000_000_000_000), (forecast.Halving, forecast.Threshold));
        Assert.Equal(10_606_061, forecast.Low.Blocks);
        Assert.Equal(11_052_632, forecast.Likely.Blocks);
        Assert.Equal(11_538_462, forecast.High.Blocks);
        Assert.Equal(11_052_632 * 12L, (long)forecast.Likely.In!.Value.TotalSeconds);
        Assert.Null(HalvingForecast.DateOf(new EmissionState(10_500_000_000_000_000), 500_000_000).Blocks);
        Assert.Null(HalvingForecast.For(new EmissionState(TaoEmission.Cap), observed));
        Assert.Equal(new ObservedRecycling(0, 0, 0), ObservedRecycling.From(ImmutableArray<long>.Empty, 7200));
        var blocks = forecast.Likely.Blocks!.Value;
        Assert.Equal(0, EmissionSettlement.Settle(EmissionState.Genesis(false), blocks - 1, 50_000_000).Require().State.Halvings);
        Assert.Equal(1, EmissionSettlement.Settle(EmissionState.Genesis(false), blocks, 50_000_000).Require().State.Halvings);
    }
}
