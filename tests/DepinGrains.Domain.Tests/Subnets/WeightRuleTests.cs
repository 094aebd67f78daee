using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using DepinGrains.Domain.Subnets.Consensus;
using DepinGrains.Domain.Subnets.Weights;

namespace DepinGrains.Domain.Tests.Subnets;

/// <summary>The 16 vectors of set_weights, the order of its checks, and commit-reveal.</summary>
public sealed class WeightRuleTests
{
    private static readonly WeightContext Fine = new() { Count = 16, Uid = 3, Stake = 10, MinStake = 10, VersionKey = 7, Block = 500, LastUpdate = 400, RateLimit = 100, Permit = true, MinAllowed = 2, MaxLimit = 40_000 };

    [Fact]
    public void EveryWeightVector_Holds()
    {
        var vectors = SubnetVectors.Read("weights_vectors.json").GetProperty("vectors").EnumerateArray().ToArray();
        Assert.Equal(16, vectors.Length);
        Assert.All(vectors, static vector => AssertVector(vector.GetProperty("check").GetString()!, vector.GetProperty("inputs"), vector.GetProperty("expected"), vector.GetProperty("name").GetString()!));
    }

    /// <summary>Each step makes one more thing wrong, from the last check to the first: the new one must answer.</summary>
    [Fact]
    public void Checks_AnswerInTheOrderOfTheChain()
    {
        var (submission, context) = (new WeightSubmission([1, 2], [60_000, 10_000], 7), Fine);
        void Expect(string error) => Assert.Equal(error, WeightRules.Check(submission, context).Refusal!.Facts.Single(static f => f.Name == "error").Value);

        Expect("MaxWeightExceeded");
        context = context with { MinAllowed = 3 };
        Expect("NotSettingEnoughWeights");
        submission = submission with { Uids = [1, 16] };
        Expect("InvalidUid");
        submission = submission with { Uids = [16, 16] };
        Expect("DuplicateUids");
        context = context with { Permit = false };
        Expect("NoValidatorPermit");
        context = context with { Block = 499 };
        Expect("SettingWeightsTooFast");
        submission = submission with { VersionKey = 6 };
        Expect("IncorrectNetworkVersionKey");
        context = context with { Stake = 9 };
        Expect("NotEnoughStakeToSetWeights");
        context = context with { Uid = null };
        Expect("NotRegistered");
        context = context with { Count = 1 };
        Expect("TooManyUids");
        context = context with { SubnetExists = false };
        Expect("NetworkDoesNotExist");
        submission = submission with { Values = [1] };
        Expect("WeightVecNotEqualSize");
        context = context with { OwnsHotkey = false };
        Expect("NonAssociatedColdKey");
        Assert.Equal(14, SubnetVectors.Read("weights_vectors.json").GetProperty("check_order").GetArrayLength());
    }

    [Fact]
    public void TakenWeights_AreSortedAndUpscaled()
    {
        var row = WeightRules.Check(new WeightSubmission([9, 1, 4], [50, 100, 25], 8), Fine).Require();
        Assert.Equal([1, 4, 9], row.Uids.Select(static u => (int)u));
        Assert.Equal([65535, 16384, 32768], row.Values.Select(static v => (int)v));
    }

    [Fact]
    public void RateLimit_PassesAtTheLimit_AndForTheFirstWeights()
    {
        var submission = new WeightSubmission([1, 2], [1, 1], 7);
        Assert.True(WeightRules.Check(submission, Fine).IsOk);
        Assert.True(WeightRules.Check(submission, Fine with { Block = 5, LastUpdate = 0 }).IsOk);
        Assert.False(WeightRules.Check(submission, Fine with { Block = 399 }).IsOk);
        Assert.True(WeightRules.Check(submission, Fine with { VersionKey = 0, Block = 500 }).IsOk);
    }

    [Fact]
    public void SelfWeight_NeedsNoPermitAndNoMinimum() =>
        Assert.True(WeightRules.Check(new WeightSubmission([3], [1], 7), Fine with { Permit = false, MaxLimit = 1 }).IsOk);

    [Fact]
    public void HashOfACommit_IsTheChains()
    {
        // Python's hashlib.blake2b(digest_size=32) over the bytes put together by hand.
        Assert.Equal("26cc3de9d3d3a8d3eab02aef0c66bf817d309a71d8a36bd2edc04b6a874c4ca5", CommitReveal.HashOf(new byte[32], 258, [1, 2], [3, 65535], [9], 0x0102030405060708));
    }

    [Fact]
    public void Reveal_CountsOnlyInItsEpoch()
    {
        var rules = new CommitReveal();
        var open = rules.Commit([], "a", 10).Require();
        Assert.Equal("weights.reveal_too_early", rules.Reveal(open, "a", 10).Refusal!.Code);
        Assert.Equal("weights.no_commit", rules.Reveal(open, "b", 11).Refusal!.Code);
        Assert.Empty(rules.Reveal(open, "a", 11).Require());
        Assert.Equal("weights.reveal_expired", rules.Reveal(open, "a", 12).Refusal!.Code);
        for (var i = 0; i < 9; i++)
        {
            open = rules.Commit(open, $"c{i}", 11).Require();
        }

        Assert.Equal("weights.too_many_commits", rules.Commit(open, "more", 11).Refusal!.Code);
        Assert.Equal(10, rules.Commit(open, "more", 12).Require().Length);
        Assert.Equal("weights.commit_reveal_on", WeightRules.Check(new WeightSubmission([1, 2], [1, 1], 7), Fine with { CommitReveal = true }).Refusal!.Code);
        Assert.True(WeightRules.Check(new WeightSubmission([1, 2], [1, 1], 7), Fine with { CommitReveal = true, IsReveal = true, Block = 401 }).IsOk);
    }

    private static void AssertVector(string check, JsonElement from, JsonElement expected, string name)
    {
        ushort[] List(string member) => from.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array ? SubnetVectors.U16s(list) : [];
        var (uids, values) = (List("uids"), List("values"));
        int uid = from.TryGetProperty("uid", out var own) ? own.GetInt32() : 0;
        ushort limit = from.TryGetProperty("max_weight_limit", out var max) ? max.GetUInt16() : ushort.MaxValue;
        var context = new WeightContext { Count = 4096, Uid = uid, Permit = true, MaxLimit = limit, MinAllowed = from.TryGetProperty("min_allowed_weights", out var least) ? least.GetInt32() : 0 };
        var answer = WeightRules.Check(new WeightSubmission(uids, values, 0), context);
        var error = answer.Refusal?.Facts.Single(static f => f.Name == "error").Value ?? "ok";
        switch (check)
        {
            case "is_self_weight":
                Assert.True(expected.GetBoolean() == WeightRules.IsSelfWeight(uid, uids), name);
                break;
            case "normalize_weights":
                Assert.Equal(SubnetVectors.U16s(expected), FixedVector.MaxUpscale(values));
                break;
            case "check_len_uids_within_allowed":
                var count = (ushort)(from.GetProperty("len_uids").GetString() == "n" ? 5 : 6);
                ushort[] many = [.. Enumerable.Range(0, count).Select(static i => (ushort)i)];
                var sized = WeightRules.Check(new WeightSubmission(many, many, 0), context with { Count = 5 });
                Assert.Equal(expected.GetBoolean(), sized.Refusal?.Code != "weights.too_many_uids");
                break;
            default:
                Assert.True(expected.ValueKind == JsonValueKind.String ? expected.GetString() == error : expected.GetBoolean() == answer.IsOk, $"{name}: {error}");
                break;
        }
    }
}
