using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Random subnets: the kernel equals the plain model, nothing is paid twice, hostile weights change nothing they should not.</summary>
public sealed class EpochPropertyTests
{
    private readonly EpochWorkspace _workspace = new();

    [Fact]
    public void Kernel_EqualsThePlainModel_OnRandomSubnets()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var subnet = RandomSubnet.Create(new Random(seed), 2 + (seed % 40));
            var plain = SimpleEpoch.Run(subnet.Inputs, subnet.Parameters);
            var outcome = YumaEpoch.Run(subnet.Inputs, subnet.Parameters, subnet.Emission, _workspace).Require();
            Assert.Equal(plain.Incentive.Select(I32F32.ToU16Proportion), outcome.Incentive);
            Assert.Equal(plain.Dividends.Select(I32F32.ToU16Proportion), outcome.Dividends);
            Assert.Equal(plain.Consensus.Select(I32F32.ToU16Proportion), outcome.Consensus);
            Assert.Equal(plain.Combined.Select(share => (ulong)(((UInt128)(ulong)share * subnet.Emission) >> 32)), outcome.Emission);
            for (var uid = 0; uid < subnet.Inputs.Count; uid++)
            {
                AssertBonds(subnet, outcome, uid, plain.Bonds[uid]);
            }
        }
    }

    [Fact]
    public void WorkspaceOfALargerSubnet_ChangesNothing()
    {
        var small = RandomSubnet.Create(new Random(7), 9);
        var alone = YumaEpoch.Run(small.Inputs, small.Parameters, small.Emission, new EpochWorkspace()).Require();
        var large = RandomSubnet.Create(new Random(8), 120);
        _ = YumaEpoch.Run(large.Inputs, large.Parameters, large.Emission, _workspace).Require();
        var after = YumaEpoch.Run(small.Inputs, small.Parameters, small.Emission, _workspace).Require();
        Assert.Equal(alone.Emission, after.Emission);
        Assert.Equal(alone.PruningScores, after.PruningScores);
        Assert.Equal(alone.Dust, after.Dust);
    }

    [Fact]
    public void Emission_IsNeverExceeded_AndWhatIsNotPaidIsDust()
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var subnet = RandomSubnet.Create(new Random(seed * 31), 3 + (seed % 60));
            foreach (var emission in (ulong[])[0, 1, 999, subnet.Emission, 21_000_000_000_000_000])
            {
                var outcome = YumaEpoch.Run(subnet.Inputs, subnet.Parameters, emission, _workspace).Require();
                var paid = outcome.Emission.Aggregate(UInt128.Zero, static (sum, e) => sum + e);
                Assert.Equal(emission, (ulong)paid + outcome.Dust);
                Assert.All(Enumerable.Range(0, outcome.Emission.Length), uid => Assert.InRange(outcome.ServerEmission[uid] + outcome.ValidatorEmission[uid], 0UL, outcome.Emission[uid]));
            }
        }
    }

    [Fact]
    public void Median_EqualsSorting_ForAnyScoresStakesAndMinority()
    {
        var random = new Random(11);
        for (var round = 0; round < 20_000; round++)
        {
            long[] scores = [.. Enumerable.Range(0, 1 + random.Next(60)).Select(_ => (long)random.Next(round % 3 == 0 ? 4 : 1 << 30))];
            long[] stakes = [.. scores.Select(_ => 1L + random.Next(1000))];
            var minority = random.NextInt64(-10, stakes.Sum() + 10);
            Assert.Equal(FixedMatrix.BySorting(scores, stakes, minority), WeightedMedian.Select([.. scores], [.. stakes], minority, 0));
        }
    }

    [Fact]
    public void Median_OfScoresThatDefeatThePivot_StillEqualsSorting()
    {
        // Organ pipes: the middle is always an extreme, which makes a plain quick-select quadratic.
        long[] scores = [.. Enumerable.Range(0, 2048).Select(static i => (long)Math.Abs(i - 1024))];
        long[] stakes = [.. Enumerable.Repeat(3L, 2048)];
        foreach (var minority in (long[])[0, 100, 3000, 6000])
        {
            Assert.Equal(FixedMatrix.BySorting(scores, stakes, minority), WeightedMedian.Select([.. scores], [.. stakes], minority, 0));
        }
    }

    [Fact]
    public void ShapesThatDoNotFit_AreRefused()
    {
        var subnet = RandomSubnet.Create(new Random(3), 5);
        Assert.Equal("epoch.shape_invalid", YumaEpoch.Run(subnet.Inputs with { Permits = new bool[4] }, subnet.Parameters, 1, _workspace).Refusal!.Code);
        Assert.Equal("epoch.shape_invalid", YumaEpoch.Run(subnet.Inputs with { Bonds = SparseRows.Empty(6) }, subnet.Parameters, 1, _workspace).Refusal!.Code);
        Assert.Equal("epoch.parameter_invalid", YumaEpoch.Run(subnet.Inputs, subnet.Parameters with { BondsMovingAverage = 1_000_001 }, 1, _workspace).Refusal!.Code);
        Assert.Equal("epoch.too_many_uids", YumaEpoch.Run(subnet.Inputs with { Stakes = new ulong[4097] }, subnet.Parameters, 1, _workspace).Refusal!.Code);
        Assert.Equal("epoch.matrix_invalid", SparseRows.Create([0, 1], [1], [1]).Refusal!.Code);
        Assert.Equal("epoch.matrix_invalid", SparseRows.Create([0, 2, 2], [1, 0], [1, 1]).Refusal!.Code);
        Assert.Equal("epoch.matrix_invalid", SparseRows.Create([0, 3, 1], [0], [1]).Refusal!.Code);
        Assert.Equal("epoch.json_invalid", EpochDocument.Read("{"u8.ToArray()).Refusal!.Code);
        Assert.Equal("epoch.json_invalid", EpochDocument.Read("[7]"u8.ToArray()).Refusal!.Code);
        Assert.Equal("epoch.json_invalid", EpochDocument.Read("""{"n":1,"stakes":[-1],"permits":[true],"weights":{},"bonds":{},"last_update":[0],"reg_block":[0],"block":1,"rao":1}"""u8.ToArray()).Refusal!.Code);
        Assert.Equal("epoch.matrix_invalid", EpochDocument.Read("""{"n":1,"stakes":[1],"permits":[true],"weights":{"0":{"7":1}},"bonds":{},"last_update":[0],"reg_block":[0],"block":1,"rao":1}"""u8.ToArray()).Refusal!.Code);
    }

    private static void AssertBonds(RandomSubnet subnet, EpochOutcome outcome, int uid, long[] plain)
    {
        var ours = new ushort[subnet.Inputs.Count];
        for (var k = 0; k < outcome.Bonds.Columns(uid).Length; k++)
        {
            ours[outcome.Bonds.Columns(uid)[k]] = outcome.Bonds.Values(uid)[k];
        }

        if (outcome.NewPermits[uid])
        {
            Assert.Equal(plain.Select(I32F32.ToU16Proportion), ours);
        }
        else
        {
            Assert.Equal(subnet.Inputs.Permits[uid] ? 0 : subnet.Inputs.Bonds.Columns(uid).Length, outcome.Bonds.Columns(uid).Length);
        }
    }
}
