using System.Text.Json;
using DepinGrains.Domain.Subnets.Consensus;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>
/// Every step of an epoch, not its end alone. The kernel keeps none of them, so they are those of <see cref="SimpleEpoch"/>, whose ends <see cref="EpochPropertyTests"/> holds the kernel to on random subnets, and what the
/// kernel stores of them is compared too. <c>derived_raw_I32F32</c> bit for bit; <c>trace_upstream_comment</c>, which upstream prints with ten digits, to 3e-10 (reference README).
/// </summary>
public sealed class EpochTraceTests
{
    private const double Printed = 3e-10;
    private static readonly JsonElement[] Vectors = [.. SubnetVectors.Read("epoch_vectors.json").EnumerateArray()];
    private static readonly IReadOnlyList<EpochDocument> Documents = EpochDocument.Read(SubnetVectors.Bytes("epoch_vectors.json")).Require();

    [Fact]
    public void EveryRawIntermediate_IsTheSameBitForBit_AndIsWhatTheKernelStores()
    {
        var workspace = new EpochWorkspace();
        foreach (var (vector, document) in Vectors.Zip(Documents))
        {
            var (name, raw, plain) = (vector.GetProperty("name").GetString()!, vector.GetProperty("derived_raw_I32F32"), SimpleEpoch.Run(document.Inputs, document.Parameters));
            (string Member, long[] Ours)[] steps =
            [
                ("active_stake", plain.Active), ("preranks", plain.Preranks), ("C", plain.Consensus), ("Tv", plain.ValidatorTrust), ("R", plain.Ranks), ("T", plain.Trust), ("I", plain.Incentive), ("D", plain.Dividends), ("nE", plain.Combined),
            ];
            Assert.Equal(steps.Select(static s => s.Member), raw.EnumerateObject().Select(static m => m.Name));
            foreach (var (member, ours) in steps)
            {
                Assert.True(SubnetVectors.Longs(raw.GetProperty(member)).SequenceEqual(ours), $"{name} {member}: expected {raw.GetProperty(member)} got {string.Join(' ', ours)}");
            }

            var outcome = YumaEpoch.Run(document.Inputs, document.Parameters, document.Emission, workspace).Require();
            foreach (var (member, stored) in ((string, ushort[])[])[("C", outcome.Consensus), ("Tv", outcome.ValidatorTrust), ("T", outcome.Trust), ("I", outcome.Incentive), ("I", outcome.Rank), ("D", outcome.Dividends)])
            {
                Assert.Equal(SubnetVectors.Longs(raw.GetProperty(member)).Select(I32F32.ToU16Proportion), stored);
            }
        }
    }

    [Fact]
    public void EveryTracedStep_IsUpstreams()
    {
        var compared = 0;
        foreach (var (vector, document) in Vectors.Zip(Documents).Where(static p => p.First.TryGetProperty("trace_upstream_comment", out _)))
        {
            var plain = SimpleEpoch.Run(document.Inputs, document.Parameters);
            foreach (var step in vector.GetProperty("trace_upstream_comment").EnumerateObject())
            {
                compared += AssertStep($"{vector.GetProperty("name")} {step.Name}", step.Value, step.Name, plain, document.Emission);
            }
        }

        Assert.True(compared > 1_000, $"only {compared} values");
    }

    private static int AssertStep(string name, JsonElement traced, string step, SimpleEpoch plain, ulong emission)
    {
        switch (step)
        {
            case "E":
                Assert.Equal(SubnetVectors.ULongs(traced), plain.Combined.Select(share => (ulong)(((UInt128)(ulong)share * emission) >> 32)));
                return traced.GetArrayLength();
            case "W_norm" or "W_clip" or "B_norm" or "dB" or "dB_norm" or "emaB" or "emaB_up":
                return AssertMatrix(name, traced, step switch { "W_norm" => plain.Weights, "W_clip" => plain.Clipped, "B_norm" => plain.OldBonds, "dB" => plain.Bought, "dB_norm" => plain.BoughtShares, "emaB" => plain.Moved, _ => plain.Bonds });
            default:
                return AssertVector(name, traced, step switch
                {
                    "S" => plain.Active, "R_before" => plain.Preranks, "C" => plain.Consensus, "Tv" => plain.ValidatorTrust, "R_after" => plain.Ranks, "T" => plain.Trust, "I" => plain.Incentive, "D" => plain.Dividends, "nE" => plain.Combined,
                    _ => throw new InvalidDataException($"{name} is not known"),
                });
        }
    }

    private static int AssertVector(string name, JsonElement traced, long[] ours)
    {
        Assert.Equal(traced.GetArrayLength(), ours.Length);
        for (var uid = 0; uid < ours.Length; uid++)
        {
            AssertNear($"{name}[{uid}]", traced[uid].GetDouble(), ours[uid]);
        }

        return ours.Length;
    }

    /// <summary>Sparse rows of [column, value]; what is not there is zero.</summary>
    private static int AssertMatrix(string name, JsonElement traced, long[][] ours)
    {
        Assert.Equal(traced.GetArrayLength(), ours.Length);
        for (var row = 0; row < ours.Length; row++)
        {
            var there = traced[row].EnumerateArray().ToDictionary(static e => e[0].GetInt32(), static e => e[1].GetDouble());
            for (var column = 0; column < ours.Length; column++)
            {
                AssertNear($"{name}[{row},{column}]", there.GetValueOrDefault(column), ours[row][column]);
            }
        }

        return traced.EnumerateArray().Sum(static row => row.GetArrayLength());
    }

    private static void AssertNear(string name, double traced, long ours) =>
        Assert.True(Math.Abs(traced - (ours / (double)I32F32.One)) < Printed, $"{name}: traced {traced} got {ours / (double)I32F32.One}");
}
