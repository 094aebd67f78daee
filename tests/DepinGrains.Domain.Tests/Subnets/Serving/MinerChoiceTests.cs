using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Domain.Tests.Subnets.Serving;

public sealed class MinerChoiceTests
{
    private static readonly ChoiceParameters Parameters = new(ExploreBasisPoints: 0, ReferenceMicros: 500_000, Slots: 16, Tries: 3);

    [Fact]
    public void Incentive_decides_among_equals()
    {
        MinerCandidate[] miners = [Miner(0, 100), Miner(1, 60_000), Miner(2, 30_000)];
        Assert.Equal([1, 2, 0], MinerChoice.Order(miners, 0, 7, Parameters));
    }

    [Fact]
    public void A_slow_miner_loses_to_a_quick_one_that_earns_a_little_less()
    {
        MinerCandidate[] miners = [Miner(0, 60_000, MinerHealth.New.Answered(3_000_000)), Miner(1, 40_000, MinerHealth.New.Answered(50_000))];
        Assert.Equal([1, 0], MinerChoice.Order(miners, 0, 7, Parameters));
    }

    [Fact]
    public void A_busy_miner_gives_way()
    {
        MinerCandidate[] miners = [Miner(0, 60_000, inFlight: 64), Miner(1, 40_000)];
        Assert.Equal([1, 0], MinerChoice.Order(miners, 0, 7, Parameters));
    }

    [Fact]
    public void Who_rests_comes_last_but_comes()
    {
        var failed = MinerHealth.New;
        for (var i = 0; i < 3; i++)
        {
            failed = failed.Failed(nowMs: 1_000, restAfter: 3, restMs: 2_000, restMaxMs: 60_000);
        }

        MinerCandidate[] miners = [Miner(0, 60_000, failed), Miner(1, 1)];
        Assert.Equal([1, 0], MinerChoice.Order(miners, 2_999, 7, Parameters));
        Assert.Equal([0, 1], MinerChoice.Order(miners, 3_000, 7, Parameters));
    }

    [Fact]
    public void Who_says_that_it_is_full_is_gone_round_for_a_moment_and_has_not_failed()
    {
        var full = MinerHealth.New.Busy(nowMs: 1_000, restMs: 500);
        MinerCandidate[] miners = [Miner(0, 60_000, full), Miner(1, 1)];
        Assert.Equal([1, 0], MinerChoice.Order(miners, 1_499, 7, Parameters));
        Assert.Equal([0, 1], MinerChoice.Order(miners, 1_500, 7, Parameters));
        Assert.Equal(0, full.FailuresInARow);
    }

    [Fact]
    public void Rests_double_up_to_their_bound_and_one_answer_ends_them()
    {
        var health = MinerHealth.New;
        long[] rests = [.. Enumerable.Range(0, 40).Select(_ => (health = health.Failed(0, 3, 2_000, 60_000)).RestUntilMs)];
        Assert.Equal([0, 0, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000], rests.Take(8));
        Assert.Equal(60_000, rests[^1]);
        Assert.Equal(0, health.Answered(1_000).RestUntilMs);
    }

    [Fact]
    public void Exploration_sends_its_share_evenly_to_the_others_and_the_best_stays_next()
    {
        var miners = Enumerable.Range(0, 5).Select(static uid => Miner(uid, (ushort)(60_000 - (uid * 1_000)))).ToArray();
        var explore = Parameters with { ExploreBasisPoints = 1_000 };
        var first = new int[5];
        const int Requests = 100_000;
        var seed = 0x9E3779B97F4A7C15UL;
        for (var i = 0; i < Requests; i++)
        {
            // SplitMix64: evenly distributed and the same on every machine.
            seed += 0x9E3779B97F4A7C15UL;
            var z = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            var order = MinerChoice.Order(miners, 0, z ^ (z >> 31), explore);
            first[order[0]]++;
            Assert.True(order[0] == 0 || order.Contains(0) || order.Length == 3);
        }

        Assert.InRange(first[0], Requests * 89 / 100, Requests * 91 / 100);
        Assert.All(first[1..], share => Assert.InRange(share, Requests * 2 / 100, Requests * 3 / 100));
    }

    [Fact]
    public void The_same_seed_gives_the_same_order_and_no_miner_twice()
    {
        var miners = Enumerable.Range(0, 300).Select(static uid => Miner(uid, (ushort)(uid * 37 % 60_000))).ToArray();
        var parameters = Parameters with { ExploreBasisPoints = 10_000, Tries = 10 };
        for (ulong seed = 0; seed < 500; seed++)
        {
            var order = MinerChoice.Order(miners, 0, seed * 77_777, parameters);
            Assert.Equal(order, MinerChoice.Order([.. miners.Reverse()], 0, seed * 77_777, parameters));
            Assert.Equal(10, order.Distinct().Count());
        }

        Assert.Empty(MinerChoice.Order([], 0, 1, parameters));
    }

    [Fact]
    public void Extreme_figures_overflow_nothing()
    {
        var worst = new MinerHealth(long.MaxValue / 4, 0, 1_000, 0);
        Assert.Equal(2, MinerChoice.Order([new(0, ushort.MaxValue, int.MaxValue / 2, MinerHealth.New), new(1, 0, 0, worst)], 0, ulong.MaxValue, new(10_000, 60_000_000, 100_000, 16)).Length);
    }

    private static MinerCandidate Miner(int uid, ushort incentive, MinerHealth? health = null, int inFlight = 0) => new(uid, incentive, inFlight, health ?? MinerHealth.New);
}
