using System.Text.Json;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>
/// Yuma3's targets within upstream's tolerance (1e-3). The table of <c>liquid_alpha_disabled</c> lists bonds with a leading zero column that its two servers do not have (upstream compares nothing there);
/// its first column is dropped.
/// </summary>
public sealed class Yuma3VectorTests
{
    private readonly EpochWorkspace _workspace = new();

    [Fact]
    public void EveryTable_IsMet()
    {
        var epochs = 0;
        foreach (var vector in SubnetVectors.Read("yuma3_vectors.json").EnumerateArray().Where(static v => v.TryGetProperty("epochs", out _)))
        {
            var from = vector.GetProperty("inputs");
            var subnet = new Subnet(SubnetVectors.ULongs(from.GetProperty("stakes")), Parameters(from), 3);
            foreach (var epoch in vector.GetProperty("epochs").EnumerateArray())
            {
                ushort[][] weights = [.. epoch.GetProperty("weights_u16").EnumerateArray().Select(SubnetVectors.U16s)];
                var outcome = subnet.Run(weights, _workspace);
                AssertNear($"{vector.GetProperty("name")} epoch {epochs}", epoch.GetProperty("target_bonds"), epoch.GetProperty("target_dividends"), outcome, weights[0].Length);
                epochs++;
            }
        }

        Assert.Equal(36, epochs);
    }

    [Fact]
    public void BondsReset_StartsTheMinerOver()
    {
        var vector = SubnetVectors.Read("yuma3_vectors.json").EnumerateArray().Single(static v => v.TryGetProperty("targets", out _));
        var template = SubnetVectors.Read("yuma3_vectors.json")[0].GetProperty("inputs");
        var subnet = new Subnet(SubnetVectors.ULongs(vector.GetProperty("inputs").GetProperty("stakes")), Parameters(template), 3);
        ushort[] third = [65535, 0];
        ushort[] fourth = [0, 65535];
        var met = 0;
        for (var epoch = 0; epoch <= 40; epoch++)
        {
            if (epoch == 20)
            {
                subnet.ResetBonds(3);
            }

            var outcome = subnet.Run(
                epoch switch { 0 => [third, third, third], 1 => [third, fourth, fourth], <= 20 => [fourth, fourth, fourth], 21 => [fourth, third, third], _ => [third, third, third] }, _workspace);
            if (vector.GetProperty("targets").TryGetProperty($"{epoch}", out var target))
            {
                AssertNear($"reset epoch {epoch}", target.GetProperty("bonds"), target.GetProperty("dividends"), outcome, 2);
                met++;
            }
        }

        Assert.Equal(7, met);
    }

    private static EpochParameters Parameters(JsonElement from) => new(5000, from.GetProperty("kappa_u16").GetUInt16(), from.GetProperty("bonds_moving_average").GetInt64(), 3)
    {
        Version = YumaVersion.Yuma3,
        BondsPenalty = from.GetProperty("bonds_penalty").GetUInt16(),
        LiquidAlpha = from.GetProperty("liquid_alpha").GetBoolean()
            ? new LiquidAlpha((long)(from.GetProperty("alpha_low").GetDecimal() * I32F32.One), (long)(from.GetProperty("alpha_high").GetDecimal() * I32F32.One), from.GetProperty("alpha_sigmoid_steepness").GetInt32())
            : null,
    };

    private static void AssertNear(string name, JsonElement bonds, JsonElement dividends, EpochOutcome outcome, int servers)
    {
        for (var i = 0; i < dividends.GetArrayLength(); i++)
        {
            Assert.True(Math.Abs(dividends[i].GetDouble() - (outcome.Dividends[i] / 65535.0)) < 1e-3, $"{name} dividends[{i}]: {dividends[i]} got {outcome.Dividends[i] / 65535.0}");
        }

        for (var row = 0; row < bonds.GetArrayLength(); row++)
        {
            var extra = bonds[row].GetArrayLength() - servers;
            for (var server = 0; server < servers; server++)
            {
                var at = outcome.Bonds.Columns(row).IndexOf((ushort)(3 + server));
                var ours = at < 0 ? 0 : outcome.Bonds.Values(row)[at] / 65535.0;
                var target = bonds[row][server + extra].GetDouble();
                Assert.True(Math.Abs(target - ours) < 1e-3, $"{name} bond[{row},{server}]: {target} got {ours}");
            }
        }
    }

    private sealed class Subnet(ulong[] stakes, EpochParameters parameters, int validators)
    {
        private SparseRows _bonds = SparseRows.Empty(stakes.Length);

        public EpochOutcome Run(ushort[][] weights, EpochWorkspace workspace)
        {
            var count = stakes.Length;
            var inputs = new EpochInputs
            {
                Block = 1, Stakes = stakes, Permits = [.. Enumerable.Range(0, count).Select(uid => uid < validators)], LastUpdate = [.. Enumerable.Repeat(1UL, count)],
                RegisteredAt = new ulong[count], Bonds = _bonds,
                Weights = SparseRows.FromRows(count, weights.Select((row, uid) => (uid, row)).ToDictionary(
                    static r => r.uid,
                    r => (IReadOnlyDictionary<int, ushort>)r.row.Select((w, s) => (w, s)).ToDictionary(c => validators + c.s, static c => c.w))).Require(),
            };
            var outcome = YumaEpoch.Run(inputs, parameters, 1_000_000_000, workspace).Require();
            _bonds = outcome.Bonds;
            return outcome;
        }

        public void ResetBonds(int column) => _bonds = BondRules.WithoutColumn(_bonds, column);
    }
}
