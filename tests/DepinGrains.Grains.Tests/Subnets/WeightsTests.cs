using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Weights;
using DepinGrains.Grains.Tests.Deployments;
using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>Weights: every rule, commit and reveal, and what a restart keeps.</summary>
public sealed class WeightsTests(Market market) : IClassFixture<Market>
{
    private const long Tao = SubnetField.Tao;

    [Fact]
    public async Task Bad_weights_are_refused_by_the_first_rule_they_break()
    {
        var subnet = await ValidatedAsync("bad");
        await RefusedAsync("weights.not_registered", subnet.SetWeightsAsync("stranger", (0, 1)));
        await RefusedAsync("weights.not_owner", subnet.Grain.SetWeightsAsync("forged", new SetWeights(subnet.Coldkey("miner"), subnet.Hotkey("validator"), [1], [1], 0)));
        await RefusedAsync("weights.vec_not_equal_size", subnet.Grain.SetWeightsAsync("size", new SetWeights(subnet.Coldkey("validator"), subnet.Hotkey("validator"), [1, 0], [1], 0)));
        await RefusedAsync("weights.vec_not_equal_size", subnet.Grain.SetWeightsAsync("none", new SetWeights(subnet.Coldkey("validator"), subnet.Hotkey("validator"), default, default, 0)));
        await RefusedAsync("weights.too_many_uids", subnet.SetWeightsAsync("validator", (0, 1), (1, 1), (2, 1), (3, 1)));
        await RefusedAsync("weights.duplicate_uids", subnet.SetWeightsAsync("validator", (1, 1), (1, 1)));
        await RefusedAsync("weights.invalid_uid", subnet.SetWeightsAsync("validator", (77, 1)));
        await subnet.SetAsync("min_allowed_weights", "2");
        await RefusedAsync("weights.too_few", subnet.SetWeightsAsync("validator", (1, 1)));
        await subnet.SetAsync("max_weights_limit", "40000");
        await RefusedAsync("weights.max_exceeded", subnet.SetWeightsAsync("validator", (1, 1), (2, 9)));
        await subnet.SetAsync("weights_version", "7");
        await RefusedAsync("weights.version_key", subnet.SetWeightsAsync("validator", (1, 1), (2, 1)));
        await subnet.SetAsync("weights_version", "0");
        await subnet.SetAsync("min_stake", "21000000000000000");
        await RefusedAsync("weights.not_enough_stake", subnet.SetWeightsAsync("validator", (1, 1), (2, 1)));
        await subnet.SetAsync("min_stake", "1");
        (await subnet.SetWeightsAsync("validator", (2, 1), (1, 1))).Require();
        var early = (await subnet.SetWeightsAsync("validator", (1, 1), (2, 1))).Refusal!;
        Assert.Equal("weights.too_fast", early.Code);
        Assert.Contains(early.Facts, static f => f.Name == "error" && f.Value == "SettingWeightsTooFast");

        static async Task RefusedAsync(string code, Task<Contracts.Common.Result<WeightsSet>> asked) => Assert.Equal(code, (await asked).Refusal!.Code);
    }

    [Fact]
    public async Task A_miner_keeps_alive_with_its_own_weight_and_nobody_scores_without_permit()
    {
        var subnet = await ValidatedAsync("permit", validators: 1);
        Assert.Equal("weights.no_permit", (await subnet.SetWeightsAsync("miner", (0, 1))).Refusal!.Code);
        (await subnet.SetWeightsAsync("miner", (1, 1))).Require();
        Assert.Equal([(ushort)1], (await subnet.Grain.GetWeightsAsync(1)).Require().Uids);
    }

    [Fact]
    public async Task Weights_bonds_and_axons_are_as_they_were_after_a_restart()
    {
        var own = new Market();
        await own.InitializeAsync();
        await using var _ = own;
        var subnet = await ValidatedAsync("restart", within: own);
        (await subnet.SetWeightsAsync("validator", (1, 3), (2, 1))).Require();
        (await subnet.Grain.ServeAxonAsync("a", new ServeAxon(subnet.Coldkey("miner"), subnet.Hotkey("miner"), "https://miner.example/v1", null, ["llama"], 2))).Require();
        await subnet.EpochAsync();
        var before = (await subnet.Grain.GetMetagraphAsync([.. Domain.Subnets.MetagraphFields.All])).Require();
        await own.RestartAsync();
        var after = (await subnet.Grain.GetMetagraphAsync([.. Domain.Subnets.MetagraphFields.All])).Require();
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(before), System.Text.Json.JsonSerializer.Serialize(after));
        Assert.NotEmpty(after.Bonds!.Value);
        Assert.Equal(65_535, (int)after.Weights!.Value[0].Values[0]);
        Assert.Equal("metagraph.field_unknown", (await subnet.Grain.GetMetagraphAsync(["stakes"])).Refusal!.Code);
        var letters = (await subnet.Grain.GetMetagraphAsync(["S", "I"])).Require();
        Assert.True(letters.Stake is not null && letters.Incentive is not null && letters.Hotkeys is null);
    }

    [Fact]
    public async Task Committed_weights_count_when_revealed_in_their_epoch_and_only_then()
    {
        var subnet = await ValidatedAsync("commit");
        await subnet.SetAsync("commit_reveal_weights", "true");
        await subnet.EpochAsync();
        await subnet.EpochAsync();
        Assert.Equal("weights.commit_reveal_on", (await subnet.SetWeightsAsync("validator", (1, 1))).Refusal!.Code);
        var weights = new SetWeights(subnet.Coldkey("validator"), subnet.Hotkey("validator"), [1, 2], [9, 1], 0);
        var hash = CommitReveal.HashOf(SHA256.HashData(Encoding.UTF8.GetBytes(weights.Hotkey)), (ushort)subnet.Netuid, [1, 2], [9, 1], [5, 6], 0);
        var committed = (await subnet.Grain.CommitWeightsAsync("c", new CommitWeights(weights.Signer, weights.Hotkey, hash))).Require();
        Assert.Equal("weights.too_fast", (await subnet.Grain.CommitWeightsAsync("c2", new CommitWeights(weights.Signer, weights.Hotkey, hash))).Refusal!.Code);
        Assert.Equal("weights.reveal_too_early", (await subnet.Grain.RevealWeightsAsync("r0", new RevealWeights(weights, [5, 6]))).Refusal!.Code);
        await subnet.EpochAsync();
        Assert.Equal(committed.RevealEpoch, (await subnet.ViewAsync()).Epoch);
        Assert.Equal("weights.no_commit", (await subnet.Grain.RevealWeightsAsync("r1", new RevealWeights(weights, [5, 7]))).Refusal!.Code);
        var other = subnet.Grain.RevealWeightsAsync("r2", new RevealWeights(weights with { Signer = subnet.Coldkey("miner") }, [5, 6]));
        Assert.Equal("weights.not_owner", (await other).Refusal!.Code);
        (await subnet.Grain.RevealWeightsAsync("r3", new RevealWeights(weights, [5, 6]))).Require();
        Assert.Equal([(ushort)1, (ushort)2], (await subnet.Grain.GetWeightsAsync(0)).Require().Uids);
    }

    [Fact]
    public async Task A_commit_does_not_give_a_uids_newcomer_what_was_said_of_its_former_owner()
    {
        var subnet = await ValidatedAsync("revived");
        (await subnet.SetWeightsAsync("validator", (1, 9), (2, 4))).Require();
        await subnet.SetAsync("commit_reveal_weights", "true");
        await subnet.SetAsync("immunity_period", "0");
        await subnet.SetAsync("max_allowed_uids", "3");
        await subnet.EpochAsync();
        await subnet.EpochAsync();
        var newcomer = await subnet.RegisterAsync("newcomer");
        Assert.InRange(newcomer, 1, 2);
        subnet.Blocks(1);
        var hash = CommitReveal.HashOf(SHA256.HashData(Encoding.UTF8.GetBytes(subnet.Hotkey("validator"))), (ushort)subnet.Netuid, [1], [1], [5], 0);
        (await subnet.Grain.CommitWeightsAsync("again", new CommitWeights(subnet.Coldkey("validator"), subnet.Hotkey("validator"), hash))).Require();
        await subnet.EpochAsync();
        var graph = (await subnet.Grain.GetMetagraphAsync(["I", "E"])).Require();
        Assert.Equal((0, 0L), (graph.Incentive!.Value[newcomer], graph.Emission!.Value[newcomer]));
        Assert.True(graph.Incentive!.Value[3 - newcomer] > 0);
        Assert.Equal([(ushort)(3 - newcomer)], (await subnet.Grain.GetWeightsAsync(0)).Require().Uids);
    }

    [Fact]
    public async Task An_axon_is_announced_by_its_owner_at_a_public_address_and_not_too_often()
    {
        var subnet = await ValidatedAsync("axon");
        foreach (var bad in (string[])["http://127.0.0.1/v1", "http://10.1.2.3/v1", "http://[::1]:8/v1", "http://[::ffff:192.168.0.1]/v1", "http://localhost/v1", "http://169.254.169.254/latest", "http://0x7f000001/v1", "http://2130706433/"])
        {
            Assert.Equal("axon.address_not_allowed", (await ServeAsync(bad)).Refusal!.Code);
        }

        foreach (var bad in (string[])["ftp://miner.example/", "miner.example", "https://u:p@miner.example/", "https://miner.example/?a", "https://miner.example/#a", "https://miner.example/ x", "https://" + new string('a', 300)])
        {
            Assert.Equal("axon.endpoint_invalid", (await ServeAsync(bad)).Refusal!.Code);
        }

        Assert.Equal("axon.not_owner", (await subnet.Grain.ServeAxonAsync("o", new ServeAxon(subnet.Coldkey("validator"), subnet.Hotkey("miner"), "https://miner.example/v1", null, [], 1))).Refusal!.Code);
        Assert.Equal("axon.not_registered", (await subnet.Grain.ServeAxonAsync("n", new ServeAxon(subnet.Coldkey("x"), subnet.Hotkey("x"), "https://miner.example/v1", null, [], 1))).Refusal!.Code);
        Assert.Equal("axon.node_foreign", (await subnet.Grain.ServeAxonAsync("m", new ServeAxon(subnet.Coldkey("miner"), subnet.Hotkey("miner"), "http://127.0.0.1:9/v1", "node_x", [], 1))).Refusal!.Code);
        (await ServeAsync("https://miner.example/v1")).Require();
        Assert.Equal("axon.too_fast", (await ServeAsync("https://miner.example/v2")).Refusal!.Code);
        var servers = (await subnet.Grain.GetServersAsync(-1)).Value!;
        Assert.Equal("https://miner.example/v1", Assert.Single(servers.Servers).Axon.Endpoint);
        Assert.Null((await subnet.Grain.GetServersAsync(servers.Version)).Value);

        Task<Contracts.Common.Result<NeuronView>> ServeAsync(string endpoint) =>
            subnet.Grain.ServeAxonAsync(subnet.NewOperation(), new ServeAxon(subnet.Coldkey("miner"), subnet.Hotkey("miner"), endpoint, null, [], 1));
    }

    /// <summary>Uid 0 validates with a permit, 1 and 2 mine.</summary>
    private async Task<SubnetField> ValidatedAsync(string name, int validators = 64, Market? within = null)
    {
        var subnet = await SubnetField.OpenAsync(within ?? market, name, ("max_validators", validators.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        await subnet.RegisterAsync("validator");
        await subnet.RegisterAsync("miner");
        await subnet.RegisterAsync("other");
        await subnet.AddStakeAsync("validator", 1_000 * Tao);
        await subnet.EpochAsync();
        await subnet.EpochAsync();
        return subnet;
    }
}
