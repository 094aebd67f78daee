using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>The guarantee of consensus: a majority of stake keeps at least its share of emission, whatever the minority's weights. Rows and construction as upstream's; random numbers from fixed seeds.</summary>
public sealed class GuaranteeTests
{
    [Fact]
    public void MajorityStake_KeepsItsShareOfEmission()
    {
        var rows = SubnetVectors.Read("consensus_guarantee_properties.json").GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(14, rows.Length);
        var workspace = new EpochWorkspace();
        foreach (var row in rows)
        {
            var share = Share(row[0].GetDouble(), row[1].GetDouble(), row[2].GetDouble(), row[3].GetDouble(), 42, workspace);
            // Where both sides put the same weights the two are equal, and weights carry only 16 bits.
            Assert.True(share >= row[0].GetDouble() - (1.0 / 65535), $"{row}: {share}");
        }
    }

    [Fact]
    public void MinorityThatVotesOnlyForItself_GetsNothing()
    {
        var workspace = new EpochWorkspace();
        for (var seed = 0; seed < 5; seed++)
        {
            Assert.True(Share(0.51, 1.0, 1.0, 0.001, seed, workspace) > 0.999, $"seed {seed}");
        }
    }

    private static double Share(double majorStake, double majorWeight, double minorWeight, double deviation, int seed, EpochWorkspace workspace)
    {
        const int Count = 512;
        const int Validators = 64;
        var random = new Random(seed);
        var (majorValidators, majorServers) = ((int)Math.Round(majorStake * Validators), (int)Math.Round(majorStake * (Count - Validators)));
        bool IsMajor(int uid) => uid < Validators ? uid < majorValidators : uid - Validators < majorServers;
        int[] servers = [.. Enumerable.Range(Validators, Count - Validators)];
        var stakes = new ulong[Count];
        foreach (var major in (bool[])[true, false])
        {
            int[] side = [.. Enumerable.Range(0, Validators).Where(v => IsMajor(v) == major)];
            var drawn = Draw(random, side.Length, 0.3);
            for (var i = 0; i < side.Length; i++)
            {
                stakes[side[i]] = (ulong)(drawn[i] * (major ? majorStake : 1 - majorStake) * 21e15);
            }
        }

        var weights = Enumerable.Range(0, Validators).ToDictionary(static v => v, v =>
        {
            var toMajor = IsMajor(v) ? majorWeight : 1 - minorWeight;
            var (onMajor, onMinor) = (Draw(random, majorServers, deviation), Draw(random, servers.Length - majorServers, deviation));
            double[] row = [.. onMajor.Select(w => w * toMajor), .. onMinor.Select(w => w * (1 - toMajor))];
            return (IReadOnlyDictionary<int, ushort>)servers.Zip(row).ToDictionary(static p => p.First, p => (ushort)Math.Round(p.Second / row.Max() * 65535));
        });
        var inputs = new EpochInputs
        {
            Block = 1, Stakes = stakes, Permits = [.. Enumerable.Range(0, Count).Select(static uid => uid < Validators)], LastUpdate = [.. Enumerable.Repeat(1UL, Count)], RegisteredAt = new ulong[Count],
            Weights = SparseRows.FromRows(Count, weights).Require(), Bonds = SparseRows.Empty(Count),
        };
        var outcome = YumaEpoch.Run(inputs, new EpochParameters(), 1_000_000_000, workspace).Require();
        var (major_, all) = (0.0, 0.0);
        for (var uid = 0; uid < Count; uid++)
        {
            all += outcome.Emission[uid];
            major_ += IsMajor(uid) ? outcome.Emission[uid] : 0;
        }

        return major_ / all;
    }

    /// <summary>Normal draws around 1, clipped at 0, normalised.</summary>
    private static double[] Draw(Random random, int count, double deviation)
    {
        double[] drawn = [.. Enumerable.Range(0, count).Select(_ => Math.Max(0, 1 + (deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))];
        return [.. drawn.Select(d => d / drawn.Sum())];
    }
}
