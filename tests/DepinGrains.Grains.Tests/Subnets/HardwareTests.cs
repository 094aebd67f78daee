using System.Buffers.Text;
using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities.Client;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Nodes.Benchmarks;
using DepinGrains.Grains.Tests.Deployments;
using DepinGrains.Grains.Tests.Nodes;
using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Grains.Tests.Subnets;

/// <summary>Hardware a subnet asks for: what the node's agent detected counts, and the benchmark its agent does in time.</summary>
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
    public async Task A_benchmark_in_the_nodes_own_session_registers_the_hotkey_it_was_asked_for_once()
    {
        var (subnet, node) = await BenchmarkedAsync("benchmark");
        Assert.Equal("registration.hardware_no_challenge", (await RegisterAsync(subnet, node)).Refusal!.Code);
        var asked = await ChallengeAsync(subnet, "c1", node);
        Assert.Equal(asked.Benchmark, (await ChallengeAsync(subnet, "c1", node)).Benchmark);
        Assert.Equal("registration.hardware_pending", (await RegisterAsync(subnet, node, "c1")).Refusal!.Code);

        // What the agent hears before it begins is nothing to compute with; the answer again is the answer.
        Assert.Equal(new BenchmarkOffer("c1", 10, 1_000, asked.Benchmark.Until), (await node.Grain.GetDesiredStateAsync()).Benchmark);
        var task = (await node.Grain.StartBenchmarkAsync(node.Session, "c1")).Require();
        Assert.Equal(task.Nonce, (await node.Grain.StartBenchmarkAsync(node.Session, "c1")).Require().Nonce);
        market.Time.Advance(TimeSpan.FromMilliseconds(700));
        var passed = (await node.AnswerAsync(task)).Require();
        Assert.Equal((BenchmarkStatus.Passed, 700L), (passed.Status, passed.ElapsedMs!.Value));
        Assert.Equal("node.benchmark_over", (await node.AnswerAsync(task)).Refusal!.Code);
        Assert.Null((await node.Grain.GetDesiredStateAsync()).Benchmark);

        // Not for another of the same coldkey's hotkeys, and not for another's.
        Assert.Equal("registration.hardware_no_challenge", (await subnet.Grain.RegisterAsync(
            subnet.NewOperation(), new RegisterNeuron(subnet.Coldkey("miner"), subnet.Hotkey("miner")[..^2] + "aa", null, new HardwareProof(node.Id, "c1")))).Refusal!.Code);
        (await RegisterAsync(subnet, node, "c1")).Require();
        Assert.Equal("registration.hardware_no_challenge", (await subnet.Grain.GetChallengeAsync(node.Id)).Refusal!.Code);
        await ChallengeAsync(subnet, "c1", node);
        Assert.Equal("registration.hardware_no_challenge", (await subnet.Grain.GetChallengeAsync(node.Id)).Refusal!.Code);
    }

    [Theory]
    [InlineData("late", "too_slow", "lateMs", "2001")]
    [InlineData("wrong", "wrong", "work", "10")]
    [InlineData("few", "wrong", "had", "9")]
    [InlineData("foreign key", "unsigned", "node", null)]
    [InlineData("other node", "unsigned", "node", null)]
    [InlineData("other benchmark", "wrong", "work", "10")]
    [InlineData("never begun", "expired", "until", null)]
    [InlineData("declined", "declined", "reason", "too hot")]
    [InlineData("new session", "session_lost", "newest", "2")]
    public async Task A_lying_agent_proves_nothing_and_is_told_why_with_numbers(string lie, string why, string fact, string? value)
    {
        var (subnet, node) = await BenchmarkedAsync("lie-" + lie.Replace(' ', '-'));
        using var stranger = SigningKey.Generate();
        await ChallengeAsync(subnet, "first", node);
        var old = (await node.Grain.StartBenchmarkAsync(node.Session, "first")).Require();
        await ChallengeAsync(subnet, "c", node);
        var task = lie == "never begun" ? null : (await node.Grain.StartBenchmarkAsync(node.Session, "c")).Require();
        var refusal = lie switch
        {
            "late" => await After(TimeSpan.FromMilliseconds(5_001), () => node.AnswerAsync(task!)),
            "wrong" => await node.AnswerAsync(task!, static (i, d) => i % 2 == 0 ? d : d + 1),
            "few" => await node.AnswerAsync(task! with { Work = 9 }),
            "foreign key" => await node.AnswerAsync(task!, key: stranger),
            "other node" => await node.AnswerAsync(task!, signedFor: NodeIds.ForKey([1, 2, 3])),
            "other benchmark" => await node.AnswerAsync(task! with { Nonce = old.Nonce }),
            "declined" => await node.Grain.DeclineBenchmarkAsync(node.Session, "c", "too hot"),
            "never begun" => await After(TimeSpan.FromMinutes(6), () => node.Grain.DeclineBenchmarkAsync(node.Session, "c", "late")),
            _ => await AnswerInAnOlderSessionAsync(node, task!),
        };
        Assert.False(refusal.IsOk);
        var refused = (await RegisterAsync(subnet, node, "c")).Refusal!;
        Assert.Equal("registration.hardware_" + why, refused.Code);
        var told = Assert.Single(refused.Facts, f => f.Name == fact).Value;
        Assert.True(value is null || value == told, $"{fact} is {told}");
        Assert.Equal(0, (await subnet.ViewAsync()).Uids);

        // Who answered wrong cannot guess again at once; all others may try honestly.
        var again = await subnet.Grain.ChallengeAsync("again", new ChallengeNode(subnet.Coldkey("miner"), subnet.Hotkey("miner"), node.Id));
        Assert.Equal(why == "wrong" ? "node.benchmark_rest" : null, again.Refusal?.Code);
        if (why == "wrong")
        {
            market.Time.Advance(TimeSpan.FromMinutes(11));
            await ChallengeAsync(subnet, "again", node);
        }

        (await node.AnswerAsync((await node.Grain.StartBenchmarkAsync(node.Session, "again")).Require())).Require();
        (await RegisterAsync(subnet, node, "again")).Require();
    }

    [Fact]
    public async Task Proof_counts_for_the_hardware_it_was_made_with_and_for_a_while()
    {
        var (subnet, node) = await BenchmarkedAsync("ageing");
        await ChallengeAsync(subnet, "c", node);
        (await node.AnswerAsync((await node.Grain.StartBenchmarkAsync(node.Session, "c")).Require())).Require();
        await node.ConnectAsync(Samples.Hardware(4_000));
        Assert.Equal("registration.hardware_changed", (await RegisterAsync(subnet, node, "c")).Refusal!.Code);
        await node.ConnectAsync(Samples.Hardware(8_000));
        market.Time.Advance(TimeSpan.FromMinutes(11));
        var old = (await RegisterAsync(subnet, node, "c")).Refusal!;
        Assert.Equal(("registration.hardware_expired", "660"), (old.Code, old.Facts.Single(static f => f.Name == "ageSeconds").Value));
    }

    [Fact]
    public async Task A_node_does_one_benchmark_at_a_time_and_hears_of_it_again_in_a_new_session()
    {
        var (subnet, node) = await BenchmarkedAsync("one");
        var (other, _) = await BenchmarkedAsync("two");
        await ChallengeAsync(subnet, "c", node);
        var own = subnet.Coldkey("miner");
        var busy = await node.Grain.OfferBenchmarkAsync(new BenchmarkOrder("x", $"subnet/{other.Netuid}/{own}", 5, 1_000, 0, 0, market.Time.GetUtcNow().AddMinutes(1)));
        Assert.Equal("node.benchmark_busy", busy.Refusal!.Code);
        var before = (await node.Grain.GetDesiredStateAsync()).Generation;
        await node.ConnectAsync(Samples.Hardware(8_000));
        var desired = await node.Grain.GetDesiredStateAsync();
        Assert.Equal((before + 1, "c"), (desired.Generation, desired.Benchmark!.Id));
        Assert.Equal("node.session_stale", (await node.Grain.StartBenchmarkAsync(node.Session - 1, "c")).Refusal!.Code);
        Assert.Equal("node.benchmark_unknown", (await node.Grain.StartBenchmarkAsync(node.Session, "d")).Refusal!.Code);
    }

    [Fact]
    public async Task Who_says_he_has_more_must_be_faster()
    {
        var (subnet, small) = await BenchmarkedAsync("classes", ("min_cpu_milli", "1000"));
        var large = await NodeAsync(subnet, "miner", Samples.Hardware(16_000));
        await ChallengeAsync(subnet, "large", large);
        var fast = (await large.Grain.StartBenchmarkAsync(large.Session, "large")).Require();
        await ChallengeAsync(subnet, "small", small);
        var slow = (await small.Grain.StartBenchmarkAsync(small.Session, "small")).Require();

        // 1,000 ms; 8 cores are three doublings, 16 four: a third off each; 2,000 ms of slack.
        Assert.Equal((2_297, 2_198), (slow.TimeMs, fast.TimeMs));
    }

    [Fact]
    public void The_work_is_the_same_everywhere_and_samples_are_different_blocks()
    {
        var nonce = Enumerable.Range(0, 16).Select(static i => (byte)i).ToArray();
        var memory = new ulong[BenchmarkWork.Words];
        ulong[] all = [.. Enumerable.Range(0, 3).Select(i => BenchmarkWork.Digest(nonce, i, memory))];
        Assert.Equal<ulong>(all, (ulong[])[.. Enumerable.Range(0, 3).Select(i => BenchmarkWork.Digest(nonce, i, new ulong[BenchmarkWork.Words]))]);
        Assert.Equal(3, all.Distinct().Count());
        Assert.Equal(4, BenchmarkWork.Sample(nonce, 50, 4).Distinct().Count());
        Assert.Equal((int[])[0, 1], BenchmarkWork.Sample(nonce, 2, 4));
    }

    private async Task<T> After<T>(TimeSpan wait, Func<Task<T>> then)
    {
        market.Time.Advance(wait);
        return await then();
    }

    private static async Task<Result<BenchmarkView>> AnswerInAnOlderSessionAsync(BenchNode node, BenchmarkTask task)
    {
        var begun = node.Session;
        await node.ConnectAsync(Samples.Hardware(8_000));
        Assert.Equal("node.session_stale", (await node.AnswerAsync(task, session: begun)).Refusal!.Code);
        return await node.AnswerAsync(task);
    }

    private static async Task<HardwareChallenge> ChallengeAsync(SubnetField subnet, string id, BenchNode node) =>
        (await subnet.Grain.ChallengeAsync(id, new ChallengeNode(subnet.Coldkey("miner"), subnet.Hotkey("miner"), node.Id))).Require();

    private static Task<Result<NeuronRegistered>> RegisterAsync(SubnetField subnet, BenchNode node, string challenge = "") => subnet.Grain.RegisterAsync(
        subnet.NewOperation(), new RegisterNeuron(subnet.Coldkey("miner"), subnet.Hotkey("miner"), null, new HardwareProof(node.Id, challenge)));

    /// <summary>A subnet with a benchmark of 10 blocks in 1 s (3 s with the way), a miner with money, and his node.</summary>
    private async Task<(SubnetField Subnet, BenchNode Node)> BenchmarkedAsync(string name, params (string Name, string Value)[] more)
    {
        var subnet = await SubnetField.OpenAsync(market, name, [("benchmark_work", "10"), ("benchmark_time_ms", "1000"), .. more]);
        await subnet.MintAsync("miner", 10 * SubnetField.Tao);
        return (subnet, await NodeAsync(subnet, "miner", Samples.Hardware(8_000)));
    }

    private async Task<BenchNode> NodeAsync(SubnetField subnet, string owner, HardwareInventory hardware)
    {
        var key = SigningKey.Generate();
        var node = new BenchNode(market.Grains.GetGrain<INodeGrain>(NodeIds.ForKey(Convert.FromBase64String(key.PublicKey))), key);
        (await node.Grain.JoinAsync(subnet.NewOperation(), Samples.Registration(hardware, subnet.Coldkey(owner), key.PublicKey))).Require();
        await node.ConnectAsync(hardware);
        return node;
    }

    private static async Task<Result<NeuronRegistered>> RegisterAsync(SubnetField subnet, string node) => await subnet.Grain.RegisterAsync(
        subnet.NewOperation(), new RegisterNeuron(subnet.Coldkey("miner"), subnet.Hotkey("miner"), null, new HardwareProof(node, "")));

    /// <summary>A node and its key, as its agent has it.</summary>
    private sealed class BenchNode(INodeGrain grain, SigningKey key)
    {
        public INodeGrain Grain => grain;

        public string Id => grain.GetPrimaryKeyString();

        public long Session { get; private set; }

        public async Task ConnectAsync(HardwareInventory hardware) => Session = (await grain.ConnectAsync("boot", hardware)).Require().Session;

        /// <summary>Does the work, and answers; a lie changes something of it.</summary>
        public Task<Result<BenchmarkView>> AnswerAsync(BenchmarkTask task, Func<int, ulong, ulong>? lie = null, string? signedFor = null, long? session = null, SigningKey? key = null)
        {
            var (memory, at) = (new ulong[BenchmarkWork.Words], session ?? Session);
            ImmutableArray<ulong> digests = [.. Enumerable.Range(0, task.Work).Select(i => BenchmarkWork.Digest(task.Nonce.AsSpan(), i, memory)).Select((d, i) => lie?.Invoke(i, d) ?? d)];
            return grain.AnswerBenchmarkAsync(new BenchmarkAnswer(at, task.Id, digests, Base64Url.EncodeToString((key ?? Key).Sign(BenchmarkAnswers.Text(signedFor ?? Id, at, task.Id, digests)))));
        }

        private SigningKey Key { get; } = key;
    }

    private async Task<string> NodeAsync(SubnetField subnet, string name, string owner, long cpu, int gpus)
    {
        var id = NodeIds.ForKey(SHA256.HashData(Encoding.UTF8.GetBytes($"{subnet.Netuid}/{name}")));
        var node = market.Grains.GetGrain<INodeGrain>(id);
        (await node.JoinAsync(subnet.NewOperation(), Samples.Registration(Samples.Hardware(cpu, gpus: gpus), subnet.Coldkey(owner), name))).Require();
        (await node.ConnectAsync("boot", Samples.Hardware(cpu, gpus: gpus))).Require();
        return id;
    }
}
