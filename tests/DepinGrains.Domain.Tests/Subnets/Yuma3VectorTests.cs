using System.Globalization;
using System.Text.Json;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>
/// Yuma3's targets within upstream's tolerance (1e-3). The table of <c>liquid_alpha_disabled</c> lists bonds with a leading zero column that its two servers do not have (upstream compares nothing there);
/// its first column is dropped.
/// </summary>
public sealed class Yuma3VectorTests
{
    private const double Tolerance = 1e-3;
    private readonly EpochWorkspace _workspace = new();

    [Fact]
    public void EveryTable_IsMet()
    {
        var epochs = 0;
        foreach (var vector in SubnetVectors.Read("yuma3_vectors.json").EnumerateArray().Where(static v => v.TryGetProperty("epochs", out _)))
        {
            var from = vector.GetProperty("inputs");
            var subnet = new Subnet(SubnetVectors.ULongs(from.GetProperty("stakes")), Parameters(from), 3);
            Assert.Equal((Tolerance, 3, subnet.Servers), (vector.GetProperty("tolerance").GetDouble(), from.GetProperty("validators").GetArrayLength(), from.GetProperty("servers").GetArrayLength()));
            foreach (var (epoch, number) in vector.GetProperty("epochs").EnumerateArray().Select(static (e, n) => (e, n)))
            {
                Assert.Equal(number, epoch.GetProperty("epoch").GetInt32());
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

    /// <summary>As an owner of a subnet gets them: every one set by its hyperparameter. The chain's floats (0.7, 0.9) become u16 of 65535 there too.</summary>
    private static EpochParameters Parameters(JsonElement from)
    {
        Assert.True(from.GetProperty("yuma3").GetBoolean());
        var liquid = from.GetProperty("liquid_alpha").GetBoolean();
        string U16(string name) => ((int)Math.Round(from.GetProperty(name).GetDecimal() * 65535)).ToString(CultureInfo.InvariantCulture);
        var terms = new SubnetHyperparameters();
        foreach (var (name, value) in ((string, string)[])
            [
                ("yuma_version", "3"), ("kappa", from.GetProperty("kappa_u16").ToString()), ("bonds_moving_avg", from.GetProperty("bonds_moving_average").ToString()), ("bonds_penalty", from.GetProperty("bonds_penalty").ToString()),
                ("max_validators", from.GetProperty("max_allowed_validators").ToString()), ("liquid_alpha_enabled", liquid ? "true" : "false"), ("alpha_low", U16("alpha_low")), ("alpha_high", U16("alpha_high")),
                ("alpha_sigmoid_steepness", from.GetProperty("alpha_sigmoid_steepness").ToString()),
            ])
        {
            terms = HyperparameterCatalog.Set(terms, name, value).Require();
        }

        return terms.EpochOf();
    }

    private static void AssertNear(string name, JsonElement bonds, JsonElement dividends, EpochOutcome outcome, int servers)
    {
        for (var i = 0; i < dividends.GetArrayLength(); i++)
        {
            Assert.True(Math.Abs(dividends[i].GetDouble() - (outcome.Dividends[i] / 65535.0)) < Tolerance, $"{name} dividends[{i}]: {dividends[i]} got {outcome.Dividends[i] / 65535.0}");
        }

        for (var row = 0; row < bonds.GetArrayLength(); row++)
        {
            var extra = bonds[row].GetArrayLength() - servers;
            for (var server = 0; server < servers; server++)
            {
                var at = outcome.Bonds.Columns(row).IndexOf((ushort)(3 + server));
                var ours = at < 0 ? 0 : outcome.Bonds.Values(row)[at] / 65535.0;
                var target = bonds[row][server + extra].GetDouble();
                Assert.True(Math.Abs(target - ours) < Tolerance, $"{name} bond[{row},{server}]: {target} got {ours}");
            }
        }
    }

    private sealed class Subnet(ulong[] stakes, EpochParameters parameters, int validators)
    {
        private SparseRows _bonds = SparseRows.Empty(stakes.Length);

        public int Servers => stakes.Length - validators;

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
