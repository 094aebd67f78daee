using System.Text.Json;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Shares;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Schedule, root network, subnet slots, shares.</summary>
public sealed class SubnetRuleTests
{
    [Fact]
    public void EveryScheduleRow_Holds()
    {
        var file = SubnetVectors.Read("schedule_vectors.json");
        var rows = file.GetProperty("blocks_until_next_epoch").GetProperty("rows").EnumerateArray().Select(SubnetVectors.ULongs).ToArray();
        Assert.Equal(420, rows.Length);
        Assert.All(rows, static row => Assert.Equal(row[3], SubnetSchedule.BlocksUntilEpoch((ushort)row[0], (ushort)row[1], row[2])));
        var drains = file.GetProperty("tuples_to_drain").GetProperty("rows").EnumerateArray().Select(SubnetVectors.ULongs).ToArray();
        Assert.Equal(11, drains.Length);
        Assert.All(drains, static row => Assert.Equal(row[4], SubnetSchedule.PaymentsThisBlock((ushort)row[0], (ushort)row[1], row[2], row[3])));
    }

    [Fact]
    public void EpochNumbers_GrowByOneAfterEachEpochBlock()
    {
        foreach (var (netuid, tempo) in ((ushort, ushort)[])[(0, 1), (1, 360), (7, 99), (400, 10)])
        {
            for (var block = 1UL; block < 2000; block++)
            {
                var (before, index) = (SubnetSchedule.EpochIndex(netuid, tempo, block - 1), SubnetSchedule.EpochIndex(netuid, tempo, block));
                Assert.Equal(before + (SubnetSchedule.BlocksUntilEpoch(netuid, tempo, block - 1) == 0 ? 1UL : 0), index);
                if (SubnetSchedule.BlocksUntilEpoch(netuid, tempo, block) == 0)
                {
                    Assert.Equal(block, SubnetSchedule.BlockOfEpoch(netuid, tempo, index));
                }
            }

            Assert.Null(SubnetSchedule.BlockOfEpoch(netuid, 0, 3));
        }
    }

    [Fact]
    public void EveryRootEpoch_Holds()
    {
        var exact = 0;
        var vectors = SubnetVectors.Read("root_vectors.json").GetProperty("root_epoch").EnumerateArray().ToArray();
        Assert.Equal(8, vectors.Length);
        foreach (var vector in vectors)
        {
            var from = vector.GetProperty("inputs");
            var share = new RootNetwork(from.GetProperty("rho").GetInt32(), from.GetProperty("kappa_u16").GetUInt16()).Share(
                SubnetVectors.ULongs(from.GetProperty("stakes")), [.. from.GetProperty("weights_u16").EnumerateArray().Select(SubnetVectors.U16s)], from.GetProperty("block_emission").GetUInt64());
            if (vector.TryGetProperty("asserted_upstream", out var asserted))
            {
                Assert.All(asserted.EnumerateObject(), a => Assert.Equal((a.Name, a.Value.GetUInt64()), (a.Name, share[int.Parse(a.Name)])));
                exact += asserted.EnumerateObject().Count();
            }

            var tolerance = vector.TryGetProperty("tolerance_rao", out var allowed) ? allowed.GetInt64() : 0;
            var model = SubnetVectors.Longs(vector.GetProperty("model_all"));
            Assert.All(Enumerable.Range(0, model.Length), i => Assert.True(Math.Abs(model[i] - (long)share[i]) <= tolerance, $"{vector.GetProperty("name")}[{i}]: {model[i]} got {share[i]}"));
            Assert.True(share.Aggregate(0UL, static (sum, s) => sum + s) <= from.GetProperty("block_emission").GetUInt64());
        }

        Assert.Equal(15, exact);
    }

    [Fact]
    public void Sigmoid_IsWithinAMillionthOfAMillionth()
    {
        foreach (var x in (double[])[-43, -15, -3.25, -0.5, -1e-9, 0, 1e-9, 0.5, 1, 2.75, 15, 42])
        {
            var ours = (double)FixedExp.Sigmoid((Int128)(x * Math.Pow(2, 64))) / Math.Pow(2, 64);
            Assert.Equal(1 / (1 + Math.Exp(-x)), ours, 1e-12);
        }
    }

    [Fact]
    public void EverySubnetPruning_AndEveryLockCost_Holds()
    {
        var file = SubnetVectors.Read("root_vectors.json");
        foreach (var vector in file.GetProperty("subnet_pruning").EnumerateArray())
        {
            SubnetCandidate[] subnets = [.. vector.GetProperty("emissions").EnumerateObject().Select(e =>
                new SubnetCandidate(ushort.Parse(e.Name), e.Value.GetUInt64(), vector.TryGetProperty("registered_at", out var at) ? at.GetProperty(e.Name).GetUInt64() : 0))];
            Assert.Equal(vector.GetProperty("expected").GetUInt16(), new SubnetSlots(Immunity: 0).ToPrune(subnets, 100));
        }

        var locks = file.GetProperty("subnet_lock_cost");
        var slots = new SubnetSlots(MinLock: locks.GetProperty("params").GetProperty("min_lock").GetUInt64(), LockInterval: locks.GetProperty("params").GetProperty("lock_reduction_interval").GetUInt64());
        var (lastLock, lastBlock) = (slots.MinLock, 0UL);
        foreach (var step in locks.GetProperty("sequence").EnumerateArray())
        {
            var cost = slots.LockCost(lastLock, lastBlock, step[1].GetUInt64());
            Assert.True(step[2].GetUInt64() == cost, $"{step}: {cost}");
            (lastLock, lastBlock) = step[0].GetString() == "register" ? (cost, step[1].GetUInt64()) : (lastLock, lastBlock);
        }
    }

    [Fact]
    public void ImmuneSubnets_AreNotPruned()
    {
        var slots = new SubnetSlots(Immunity: 50);
        Assert.Null(slots.ToPrune([new SubnetCandidate(1, 0, 60)], 100));
        Assert.Equal((ushort)2, slots.ToPrune([new SubnetCandidate(1, 0, 60), new SubnetCandidate(2, 9, 50)], 100));
    }

    [Fact]
    public void OwnersCut_LeavesEightyTwoPercent_AndManyBlocksEqualTheirSum()
    {
        var (owner, queued) = OwnerCut.Split(1_000_000_000, OwnerCut.Default);
        Assert.Equal(1_000_000_000UL, owner + queued);
        Assert.InRange(owner, 179_990_000UL, 180_000_000UL);
        Assert.Equal((owner * 361, queued * 361), OwnerCut.Split(1_000_000_000, OwnerCut.Default, 361));
        Assert.Equal((0UL, 7UL), OwnerCut.Split(7, 0));
    }

    [Fact]
    public void PriceShares_FollowTheAverages_AndNeverExceedTheBlock()
    {
        var one = I32F32.One;
        Assert.Equal([250_000_000UL, 750_000_000UL], PriceEma.Share([one / 4, 3 * one / 4], [0, 0], 1_000_000_000));
        Assert.Equal([0UL, 1_000_000_000UL], PriceEma.Share([one, one / 2], [65535, 0], 1_000_000_000));
        Assert.Equal([0UL, 0UL], PriceEma.Share([0, 0], [0, 0], 1_000_000_000));
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            long[] averages = [.. Enumerable.Range(0, 32).Select(_ => random.NextInt64(0, 3 * one))];
            ushort[] burned = [.. averages.Select(_ => (ushort)random.Next(65536))];
            var sum = PriceEma.Share(averages, burned, 1_000_000_000).Aggregate(0UL, static (a, b) => a + b);
            Assert.InRange(sum, 1_000_000_000UL - 32, 1_000_000_000UL);
        }

        var ema = new PriceEma(one / 10);
        Assert.Equal(one / 10, ema.Next(0, 5 * one), 1d);
        Assert.InRange(ema.Next(one / 2, one / 2), (one / 2) - 2, one / 2);
    }
}
