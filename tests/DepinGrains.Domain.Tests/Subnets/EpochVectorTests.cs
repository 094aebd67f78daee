using System.Text.Json;
using System.Text.Json.Nodes;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>Whole epochs against the chain's own assertions and the independent model's results, bit for bit.</summary>
public sealed class EpochVectorTests
{
    private readonly EpochWorkspace _workspace = new();

    [Theory]
    [InlineData("epoch_vectors.json", "derived_full_output", 19)]
    [InlineData("generated_epochs.json", "expected", 60)]
    public void EveryEpoch_GivesExactlyTheExpectedOutputs(string file, string member, int count)
    {
        var vectors = SubnetVectors.Read(file).EnumerateArray().ToArray();
        var documents = EpochDocument.Read(SubnetVectors.Bytes(file)).Require();
        Assert.Equal(count, documents.Count);
        for (var i = 0; i < count; i++)
        {
            var outcome = Run(documents[i]);
            AssertSame(vectors[i].GetProperty(member), Json(outcome), vectors[i].GetProperty("name").GetString()!);
            Assert.Equal(documents[i].Emission, outcome.Dust + outcome.Emission.Aggregate(0UL, static (a, b) => a + b));
        }
    }

    [Fact]
    public void EveryUpstreamAssertion_Holds()
    {
        var asserted = 0;
        var documents = EpochDocument.Read(SubnetVectors.Bytes("epoch_vectors.json")).Require();
        foreach (var (vector, document) in SubnetVectors.Read("epoch_vectors.json").EnumerateArray().Zip(documents))
        {
            var name = vector.GetProperty("name").GetString()!;
            var ours = JsonSerializer.SerializeToElement(Json(Run(document)));
            foreach (var member in vector.GetProperty("asserted_upstream").EnumerateObject())
            {
                Assert.True(ours.TryGetProperty(member.Name, out var value), $"{name}: {member.Name}");
                asserted += member.Name == "bonds" ? AssertBonds(name, member.Value, value) : AssertValues($"{name} {member.Name}", member.Value, value);
            }
        }

        Assert.True(asserted > 100, $"only {asserted} values");
    }

    [Fact]
    public void Graphs512_GiveWhatTheChainAsserts()
    {
        foreach (var vector in SubnetVectors.Read("epoch_512_graph.json").EnumerateArray())
        {
            var name = vector.GetProperty("name").GetString()!;
            var interleaved = name.Contains("interleave1", StringComparison.Ordinal);
            var (document, validators, servers) = Graph512(interleaved, vector.GetProperty("generator").GetProperty("server_self_weight").GetBoolean());
            var generator = vector.GetProperty("generator");
            Assert.Equal(
                (512, 64, 328_125_000_000_000L, 1_000_000_000L, 32_767, 900_000L, 0, 1, 64),
                (generator.GetProperty("n").GetInt32(), validators.Count, generator.GetProperty("stake_per_validator").GetInt64(), generator.GetProperty("rao_emission").GetInt64(), generator.GetProperty("kappa_u16").GetInt32(),
                    generator.GetProperty("bonds_moving_average").GetInt64(), generator.GetProperty("registered_block").GetInt32(), generator.GetProperty("weights_block").GetInt32(), generator.GetProperty("max_allowed_validators").GetInt32()));
            EpochOutcome? outcome = null;
            for (var epoch = 0; epoch < generator.GetProperty("epochs").GetInt32(); epoch++)
            {
                outcome = Run(document);
                document = document with { Inputs = document.Inputs with { Bonds = outcome.Bonds, Permits = outcome.NewPermits } };
            }

            var expected = vector.GetProperty("asserted_upstream");
            validators.ForEach(uid => AssertRole(expected.GetProperty("validator"), outcome!, uid, name));
            servers.ForEach(uid => AssertRole(expected.GetProperty("server"), outcome!, uid, name));
            foreach (var validator in validators)
            {
                Assert.Equal(expected.GetProperty("validator").GetProperty("bond_to_first_server").GetUInt16(), Bond(outcome!, validator, servers[0]));
                Assert.Equal(expected.GetProperty("validator").GetProperty("bond_to_first_validator").GetUInt16(), Bond(outcome!, validator, validators[0]));
            }

            Assert.Equal(0, expected.GetProperty("server").GetProperty("bond_any").GetInt32());
            Assert.All(servers, server => Assert.Empty(outcome!.Bonds.Values(server).ToArray()));
        }
    }

    [Fact]
    public void EveryScenario_GivesExactlyTheExpectedEpochs()
    {
        var epochs = 0;
        foreach (var scenario in SubnetVectors.Read("scenario_cases_yuma1.json").EnumerateArray())
        {
            epochs += RunScenario(scenario);
        }

        Assert.Equal(720, epochs);
    }

    [Fact]
    public void EveryPermitVector_Holds()
    {
        var vectors = SubnetVectors.Read("validator_permits.json").EnumerateArray().ToArray();
        Assert.Equal(24, vectors.Length);
        foreach (var vector in vectors)
        {
            var permits = YumaEpoch.Permits(SubnetVectors.ULongs(vector.GetProperty("stakes")), vector.GetProperty("max_allowed_validators").GetInt32());
            Assert.Equal(SubnetVectors.Bools(vector.GetProperty("expected_permits")), permits);
        }
    }

    private int RunScenario(JsonElement scenario)
    {
        var (validators, servers) = (scenario.GetProperty("validators").GetInt32(), scenario.GetProperty("servers").GetInt32());
        var (count, done) = (validators + servers, 0);
        var parameters = new EpochParameters(5000, scenario.GetProperty("params").GetProperty("kappa_u16").GetUInt16(), scenario.GetProperty("params").GetProperty("bonds_moving_average").GetInt64(), validators);
        var bonds = SparseRows.Empty(count);
        bool[] permits = [.. Enumerable.Range(0, count).Select(uid => uid < validators)];
        foreach (var epoch in scenario.GetProperty("epochs").EnumerateArray())
        {
            var stakes = new ulong[count];
            SubnetVectors.ULongs(epoch.GetProperty("stakes")).CopyTo(stakes, 0);
            var inputs = new EpochInputs
            {
                Block = 1, Stakes = stakes, Permits = permits, LastUpdate = [.. Enumerable.Repeat(1UL, count)], RegisteredAt = new ulong[count],
                Weights = Rows(count, epoch.GetProperty("weights_u16")), Bonds = bonds,
            };
            var outcome = YumaEpoch.Run(inputs, parameters, scenario.GetProperty("params").GetProperty("rao_emission").GetUInt64(), _workspace).Require();
            var name = $"{scenario.GetProperty("name").GetString()} epoch {done}";
            var ours = Json(outcome);
            ours["pruning"] = ours["pruning_scores"]!.DeepClone();
            AssertSame(Without(epoch, "weights_u16", "stakes"), ours, name);
            // The vectors keep the permits of the first epoch: stake 0 at uid 2 would lose its permit to uid 4 (highest uid of a tie).
            bonds = outcome.Bonds;
            done++;
        }

        return done;
    }

    private EpochOutcome Run(EpochDocument document) => YumaEpoch.Run(document.Inputs, document.Parameters, document.Emission, _workspace).Require();

    private static (EpochDocument Document, List<int> Validators, List<int> Servers) Graph512(bool interleaved, bool selfWeights)
    {
        List<int> validators = [.. Enumerable.Range(0, 512).Where(uid => interleaved ? uid % 8 == 0 : uid < 64)];
        List<int> servers = [.. Enumerable.Range(0, 512).Except(validators)];
        var weights = validators.ToDictionary(static v => v, _ => (IReadOnlyDictionary<int, ushort>)servers.ToDictionary(static s => s, static _ => ushort.MaxValue));
        servers.ForEach(server => weights[server] = selfWeights ? new Dictionary<int, ushort> { [server] = ushort.MaxValue } : []);
        var stakes = new ulong[512];
        validators.ForEach(v => stakes[v] = 328_125_000_000_000);
        var inputs = new EpochInputs
        {
            Block = 1, Stakes = stakes, Permits = [.. Enumerable.Range(0, 512).Select(validators.Contains)], LastUpdate = [.. Enumerable.Repeat(1UL, 512)], RegisteredAt = new ulong[512],
            Weights = SparseRows.FromRows(512, weights).Require(), Bonds = SparseRows.Empty(512),
        };
        return (new EpochDocument(inputs, new EpochParameters(), 1_000_000_000), validators, servers);
    }

    private static void AssertRole(JsonElement role, EpochOutcome outcome, int uid, string name)
    {
        Assert.Equal(
            (name, uid, role.GetProperty("rank").GetUInt16(), role.GetProperty("trust").GetUInt16(), role.GetProperty("consensus").GetUInt16()),
            (name, uid, outcome.Rank[uid], outcome.Trust[uid], outcome.Consensus[uid]));
        Assert.Equal(
            (name, uid, role.GetProperty("incentive").GetUInt16(), role.GetProperty("dividends").GetUInt16(), role.GetProperty("emission").GetUInt64()),
            (name, uid, outcome.Incentive[uid], outcome.Dividends[uid], outcome.Emission[uid]));
    }

    private static ushort Bond(EpochOutcome outcome, int row, int column)
    {
        var at = outcome.Bonds.Columns(row).IndexOf((ushort)column);
        return at < 0 ? (ushort)0 : outcome.Bonds.Values(row)[at];
    }

    private static SparseRows Rows(int count, JsonElement rows) => SparseRows.FromRows(count, rows.EnumerateObject().ToDictionary(
        static r => int.Parse(r.Name),
        static r => (IReadOnlyDictionary<int, ushort>)r.Value.EnumerateObject().ToDictionary(static e => int.Parse(e.Name), static e => e.Value.GetUInt16()))).Require();

    private static JsonElement Without(JsonElement from, params string[] names) =>
        JsonSerializer.SerializeToElement(from.EnumerateObject().Where(m => !names.Contains(m.Name)).ToDictionary(static m => m.Name, static m => m.Value));

    private static JsonObject Json(EpochOutcome outcome)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            EpochReport.Write(json, outcome);
        }

        return JsonNode.Parse(stream.ToArray())!.AsObject();
    }

    /// <summary>Every member of <paramref name="expected"/>, equal in ours.</summary>
    private static void AssertSame(JsonElement expected, JsonObject ours, string name)
    {
        foreach (var member in expected.EnumerateObject())
        {
            Assert.True(ours.ContainsKey(member.Name), $"{name}: {member.Name} is missing");
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(member.Value.GetRawText()), ours[member.Name]), $"{name}: {member.Name}: expected {member.Value.GetRawText()} got {ours[member.Name]!.ToJsonString()}");
        }
    }

    private static int AssertValues(string name, JsonElement expected, JsonElement ours)
    {
        if (expected.ValueKind == JsonValueKind.Object)
        {
            // Sparse: some uids only.
            foreach (var one in expected.EnumerateObject())
            {
                Assert.True(one.Value.ToString() == ours[int.Parse(one.Name)].ToString(), $"{name}[{one.Name}]: expected {one.Value} got {ours[int.Parse(one.Name)]}");
            }

            return expected.EnumerateObject().Count();
        }

        for (var i = 0; i < expected.GetArrayLength(); i++)
        {
            Assert.True(expected[i].ToString() == ours[i].ToString(), $"{name}[{i}]: expected {expected[i]} got {ours[i]}");
        }

        return expected.GetArrayLength();
    }

    private static int AssertBonds(string name, JsonElement expected, JsonElement ours)
    {
        var asserted = 0;
        foreach (var row in expected.EnumerateObject())
        {
            foreach (var cell in row.Value.EnumerateObject())
            {
                var value = ours.GetProperty(row.Name).TryGetProperty(cell.Name, out var found) ? found.GetUInt16() : 0;
                Assert.True(cell.Value.GetUInt16() == value, $"{name} bonds[{row.Name},{cell.Name}]: expected {cell.Value} got {value}");
                asserted++;
            }
        }

        return asserted;
    }
}
