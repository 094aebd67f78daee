using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Hardware;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Nodes;
using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>Hardware a subnet asks for: what the node's agent detected counts, and the benchmark done in time.</summary>
public sealed class HardwareTests(Market market) : IClassFixture<Market>
{
    [Fact]
    public async Task Detected_hardware_counts_and_nobodys_word()
    {
        var subnet = await SubnetField.OpenAsync(market, "hardware", ("min_cpu_milli", "4000"), ("min_gpus", "1"), ("min_gpu_memory_bytes", "1000000000"));
        await subnet.MintAsync("miner", 10 * SubnetField.Tao);
        Assert.Equal("registration.hardware_unproved", (await subnet.TryRegisterAsync("miner")).Refusal!.Code);
        var (small, large, foreign) = (await NodeAsync(subnet, "small", "miner", 8_000, 0), await NodeAsync(subnet, "large", "miner", 8_000, 1), await NodeAsync(subnet, "foreign", "other", 8_000, 1));
        Assert.Equal("registration.node_foreign", (await RegisterAsync(subnet, foreign)).Refusal!.Code);
        Assert.Equal("registration.node_foreign", (await RegisterAsync(subnet, "node_nothing")).Refusal!.Code);
        var refused = (await RegisterAsync(subnet, small)).Refusal!;
        Assert.Equal("registration.hardware_too_small", refused.Code);
        Assert.Contains(refused.Facts, static f => f.Name == "found" && f.Value == "0");
        (await RegisterAsync(subnet, large)).Require();
        Assert.Equal(large, (await subnet.Grain.FindNeuronAsync(subnet.Hotkey("miner"))).Require().Node);
    }

    [Fact]
    public async Task The_benchmark_must_be_right_in_time_and_counts_once()
    {
        var subnet = await SubnetField.OpenAsync(market, "benchmark", ("benchmark_work", "6"), ("benchmark_time_ms", "1000"));
        foreach (var who in (string[])["miner", "second"])
        {
            await subnet.MintAsync(who, 10 * SubnetField.Tao);
        }

        var node = await NodeAsync(subnet, "bench", "miner", 8_000, 0);
        Assert.Equal("registration.hardware_no_challenge", (await RegisterAsync(subnet, node)).Refusal!.Code);
        var late = (await subnet.Grain.ChallengeAsync("c1", subnet.Coldkey("miner"), node)).Require();
        Assert.Equal(late, (await subnet.Grain.ChallengeAsync("c1", subnet.Coldkey("miner"), node)).Require(), (a, b) => a.Id == b.Id && a.Nonce.SequenceEqual(b.Nonce));
        var answers = BenchmarkWork.Solve([.. late.Nonce], late.Work, default);
        market.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("registration.hardware_too_slow", (await RegisterAsync(subnet, node, late.Id, answers)).Refusal!.Code);

        var fresh = (await subnet.Grain.ChallengeAsync("c2", subnet.Coldkey("miner"), node)).Require();
        Assert.Equal("registration.hardware_wrong", (await RegisterAsync(subnet, node, fresh.Id, answers)).Refusal!.Code);
        Assert.Equal("registration.hardware_wrong", (await RegisterAsync(subnet, node, fresh.Id, answers[..3])).Refusal!.Code);
        Assert.Equal("registration.hardware_no_challenge", (await RegisterAsync(subnet, node, late.Id, answers)).Refusal!.Code);
        var right = BenchmarkWork.Solve([.. fresh.Nonce], fresh.Work, default);
        (await RegisterAsync(subnet, node, fresh.Id, right)).Require();
        Assert.Null((await market.Store.ReadAsync(new DepinGrains.Storage.Rows.RowId("subnet_challenge", subnet.Netuid.ToString(System.Globalization.CultureInfo.InvariantCulture), node))));
    }

    [Fact]
    public void The_work_is_the_same_everywhere_and_samples_are_different_blocks()
    {
        var nonce = Enumerable.Range(0, 16).Select(static i => (byte)i).ToArray();
        var memory = new ulong[BenchmarkWork.Words];
        var all = BenchmarkWork.Solve(nonce, 3, default);
        Assert.Equal<ulong>(all, (ulong[])[BenchmarkWork.Digest(nonce, 0, memory), BenchmarkWork.Digest(nonce, 1, memory), BenchmarkWork.Digest(nonce, 2, memory)]);
        Assert.Equal(3, all.Distinct().Count());
        Assert.Equal(4, BenchmarkWork.Sample(nonce, 50, 4).Distinct().Count());
        Assert.Equal((int[])[0, 1], BenchmarkWork.Sample(nonce, 2, 4));
    }

    private static Task<Contracts.Common.Result<NeuronRegistered>> RegisterAsync(SubnetField subnet, string node, string challenge = "", params ulong[] digests) => subnet.Grain.RegisterAsync(
        subnet.NewOperation(), new RegisterNeuron(subnet.Coldkey("miner"), subnet.Hotkey("miner"), null, new HardwareProof(node, challenge, [.. digests])));

    private async Task<string> NodeAsync(SubnetField subnet, string name, string owner, long cpu, int gpus)
    {
        var id = NodeIds.ForKey(SHA256.HashData(Encoding.UTF8.GetBytes($"{subnet.Netuid}/{name}")));
        var node = market.Grains.GetGrain<INodeGrain>(id);
        (await node.JoinAsync(subnet.NewOperation(), Samples.Registration(Samples.Hardware(cpu, gpus: gpus), subnet.Coldkey(owner), name))).Require();
        (await node.ConnectAsync("boot", Samples.Hardware(cpu, gpus: gpus))).Require();
        return id;
    }
}
