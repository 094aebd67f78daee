using DepinGrains.Domain.Subnets.Registration;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>The sweep at an epoch's end: who stays below the bar goes, never an immune one, never below the minimum.</summary>
public sealed class DeregistrationSweepTests
{
    private static readonly DeregistrationSweep Rules = new(Bar: 100, Window: 3, MinSurvivors: 2, ImmunityPeriod: 50);

    [Fact]
    public void ThirdEpochBelowTheBar_Removes_WithTheReason()
    {
        SweepCandidate[] uids = [new(0, 2, 99), new(0, 1, 99), new(0, 9, 100), new(0, 0, 500)];
        var outcome = Rules.Run(uids, 1000);
        var gone = Assert.Single(outcome.Removed);
        Assert.Equal((0, 3), (gone.Uid, gone.Epochs));
        Assert.Equal("pruning score 99 stayed below the subnet's bar 100 for 3 epochs", gone.Reason);
        Assert.Equal([0, 2, 0, 0], outcome.BelowSince.ToArray());
    }

    [Fact]
    public void OneGoodEpoch_StartsTheWindowOver() => Assert.Equal([0], Rules.Run([new SweepCandidate(0, 2, 100)], 1000).BelowSince.ToArray());

    [Fact]
    public void Immune_IsNeitherRemovedNorCounted()
    {
        var outcome = Rules.Run([new(951, 9, 0), new(950, 9, 0), new(0, 9, 0, Immortal: true), new(0, 0, 900), new(2000, 9, 0)], 1000);
        Assert.Equal(1, Assert.Single(outcome.Removed).Uid);
        Assert.All(outcome.BelowSince, static counter => Assert.Equal(0, counter));
    }

    [Fact]
    public void Survivors_AreKept_TheWeakestGoFirst()
    {
        var outcome = Rules.Run([new(5, 9, 3), new(1, 9, 3), new(0, 9, 1), new(0, 9, 50)], 1000);
        Assert.Equal([2, 1], outcome.Removed.Select(static r => r.Uid));
        Assert.Equal([10, 0, 0, 10], outcome.BelowSince.ToArray());
        Assert.Empty(Rules.Run([new(0, 9, 3), new(0, 9, 1)], 1000).Removed);
    }

    [Fact]
    public void BarOfZero_SwitchesTheSweepOff() => Assert.Empty((Rules with { Bar = 0 }).Run([new(0, 9, 0), new(0, 9, 0), new(0, 9, 0)], 1000).Removed);

    [Fact]
    public void RandomSubnets_NeverLoseAnImmuneUid_NorTheLastSurvivors()
    {
        var random = new Random(9);
        for (var round = 0; round < 2000; round++)
        {
            var rules = new DeregistrationSweep((ushort)random.Next(2000), random.Next(1, 5), random.Next(0, 20), (ulong)random.Next(100));
            SweepCandidate[] uids = [.. Enumerable.Range(0, random.Next(0, 30)).Select(_ => new SweepCandidate((ulong)random.Next(200), random.Next(6), (ushort)random.Next(3000), random.Next(8) == 0))];
            var outcome = rules.Run(uids, 200);
            Assert.True(uids.Length - outcome.Removed.Length >= Math.Min(uids.Length, rules.MinSurvivors));
            Assert.All(outcome.Removed, r => Assert.True(200 - uids[r.Uid].RegisteredAt >= rules.ImmunityPeriod && !uids[r.Uid].Immortal && r.Score < rules.Bar && r.Epochs >= rules.Window));
        }
    }
}
