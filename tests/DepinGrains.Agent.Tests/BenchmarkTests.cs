using System.Buffers.Text;
using System.Security.Cryptography;
using DepinGrains.Agent.Tests.Support;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes.Benchmarks;

namespace DepinGrains.Agent.Tests;

/// <summary>What the real agent does when it is asked for a benchmark.</summary>
public sealed class BenchmarkTests
{
    private static readonly byte[] Nonce = [.. Enumerable.Range(1, 16).Select(static i => (byte)i)];

    [Fact]
    public async Task Right_answers_come_signed_by_the_nodes_key_in_its_session()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        gateway.WantBenchmark(Offer("b", 5));
        harness.Start();
        var ready = await NextAsync<AgentBenchmarkReady>(gateway);
        Assert.Equal((1L, "b"), (ready.Session, ready.Id));
        await gateway.SendAsync(new GatewayBenchmark("b", Convert.ToBase64String(Nonce), 5, 60_000));
        var answer = await NextAsync<AgentBenchmarkAnswer>(gateway);
        var memory = new ulong[BenchmarkWork.Words];
        Assert.Equal(Enumerable.Range(0, 5).Select(i => BenchmarkWork.Digest(Nonce, i, memory)), answer.Digests);
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(gateway.PublicKey("node-1")), out _);
        Assert.True(key.VerifyData(BenchmarkAnswers.Bytes("node-1", 1, "b", answer.Digests), Base64Url.DecodeFromChars(answer.Signature), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Fact]
    public async Task Benchmark_waits_while_leases_have_the_machine()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        (harness.Options.Resources.MaxCpuMilli, harness.Options.Benchmarks.LookInterval) = (1_000, TimeSpan.FromMilliseconds(20));
        gateway.Want(AgentHarness.Shell("sleep 1000"));
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last("lease-1/web/0")?.Phase == WorkloadPhase.Running, "the lease runs");

        // Half of the only core is leased and a quarter of that half may be taken: less than a core. Far longer than it would take to look again, nothing is begun.
        gateway.WantBenchmark(Offer("b", 5));
        await Wait.UntilAsync(() => gateway.Pulls.Count >= 2, "the agent has heard of it");
        var heard = gateway.Heartbeats.Count;
        await Wait.UntilAsync(() => gateway.Heartbeats.Count > heard + 5, "five more heartbeats");
        Assert.Empty(gateway.Benchmarks);
        gateway.Want();
        gateway.WantBenchmark(Offer("b", 5));
        await NextAsync<AgentBenchmarkReady>(gateway);
    }

    [Fact]
    public async Task Benchmark_that_leases_never_let_begin_is_declined_before_its_offer_ends()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        (harness.Options.Resources.MaxCpuMilli, harness.Options.Benchmarks.LookInterval) = (1_000, TimeSpan.FromMilliseconds(20));
        gateway.Want(AgentHarness.Shell("sleep 1000"));
        harness.Start();
        await Wait.UntilAsync(() => gateway.Last("lease-1/web/0")?.Phase == WorkloadPhase.Running, "the lease runs");
        gateway.WantBenchmark(Offer("b", 5) with { Until = TimeProvider.System.GetUtcNow().AddSeconds(1) });
        Assert.Contains("less than a core", (await NextAsync<AgentBenchmarkDeclined>(gateway)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Benchmark_longer_than_the_owner_allows_is_declined()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        gateway.WantBenchmark(Offer("b", 5) with { TimeMs = 600_000 });
        harness.Start();
        Assert.Contains("Benchmarks:TimeMax", (await NextAsync<AgentBenchmarkDeclined>(gateway)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Benchmark_that_is_not_wanted_any_more_ends_and_makes_room_for_the_next()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var harness = new AgentHarness(gateway);
        gateway.WantBenchmark(Offer("endless", 4_096));
        harness.Start();
        await NextAsync<AgentBenchmarkReady>(gateway);
        await gateway.SendAsync(new GatewayBenchmark("endless", Convert.ToBase64String(Nonce), 4_096, 100_000));
        gateway.WantBenchmark(Offer("short", 2));
        Assert.Equal("short", (await NextAsync<AgentBenchmarkReady>(gateway)).Id);
        await gateway.SendAsync(new GatewayBenchmark("short", Convert.ToBase64String(Nonce), 2, 60_000));
        Assert.Equal("short", (await NextAsync<AgentBenchmarkAnswer>(gateway)).Id);
        await Wait.UntilAsync(static () => !Directory.EnumerateDirectories("/proc/self/task").Any(static t => Named(t) == "benchmark"), "no thread works on any more");
    }

    private static string Named(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static BenchmarkOffer Offer(string id, int work) => new(id, work, 60_000, TimeProvider.System.GetUtcNow().AddMinutes(5));

    /// <summary>The next thing the agent says about benchmarks.</summary>
    private static async Task<T> NextAsync<T>(TestGateway gateway)
        where T : AgentMessage
    {
        AgentMessage? said = null;
        await Wait.UntilAsync(() => gateway.Benchmarks.TryDequeue(out said), typeof(T).Name);
        return Assert.IsType<T>(said);
    }
}
