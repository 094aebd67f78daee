using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Grains.Tests.Nodes;

/// <summary>A shard with intervals of one second on a clock the test moves: suspect at two, dead at three, a whole time-out of grace after a start, no false death after a standstill.</summary>
public sealed class LivenessShardTests : IAsyncLifetime
{
    private static int _next;

    private NodeCluster _cluster = null!;

    private ILivenessShardGrain Shard => _cluster.Grains.GetGrain<ILivenessShardGrain>(0);

    public async ValueTask InitializeAsync() => _cluster = await NodeCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_silent_node_becomes_suspect_and_then_offline()
    {
        var (node, id) = await ConnectedAsync();
        await PassAsync(1.9);
        Assert.Equal(NodeStatus.Online, await StatusAsync(node));
        await PassAsync(0.3);
        await BecomesAsync(node, NodeStatus.Suspect);
        await PassAsync(1);
        await BecomesAsync(node, NodeStatus.Offline);
        Assert.Contains("node.offline", await _cluster.EventsAsync("market"));
        Assert.Equal(["node.joined", "node.online", "node.offline"], await _cluster.EventsAsync($"node/{id}"));
        var view = (await node.GetAsync()).Require();
        Assert.InRange((_cluster.Time.GetUtcNow() - view.LastSeenAt).TotalSeconds, 2.9, 4);
    }

    [Fact]
    public async Task A_beating_node_stays_online_and_a_dead_one_beside_it_does_not_matter()
    {
        var (node, id) = await ConnectedAsync();
        var (silent, _) = await ConnectedAsync();
        for (var i = 0; i < 8; i++)
        {
            await PassAsync(0.8);
            Assert.True((await BeatAsync(id, 1)).Current);
        }

        await BecomesAsync(silent, NodeStatus.Offline);
        Assert.Equal(NodeStatus.Online, await StatusAsync(node));
    }

    [Fact]
    public async Task A_late_beat_clears_the_suspicion()
    {
        var (node, id) = await ConnectedAsync();
        await PassAsync(2.4);
        await BecomesAsync(node, NodeStatus.Suspect);
        Assert.True((await BeatAsync(id, 1)).Current);
        await BecomesAsync(node, NodeStatus.Online);
    }

    [Fact]
    public async Task Beats_of_a_dead_or_older_session_are_not_current_and_a_new_connection_is()
    {
        var (node, id) = await ConnectedAsync();
        await PassAsync(4);
        await BecomesAsync(node, NodeStatus.Offline);
        await Eventually(async () => !(await BeatAsync(id, 1)).Current, "the dead session is not welcome");

        var session = (await node.ConnectAsync("again", Samples.Hardware())).Require();
        await Shard.ConnectedAsync(id, session.Session, session.Generation);
        Assert.True((await BeatAsync(id, 2)).Current);
        Assert.False((await BeatAsync(id, 1)).Current);
        Assert.Equal(NodeStatus.Online, await StatusAsync(node));
    }

    [Fact]
    public async Task A_shard_that_stood_still_holds_nothing_against_its_nodes()
    {
        var (node, id) = await ConnectedAsync();
        _cluster.Time.Advance(TimeSpan.FromHours(1));
        Assert.True((await BeatAsync(id, 1)).Current);
        await PassAsync(0.8);
        Assert.True((await BeatAsync(id, 1)).Current);
        Assert.Equal(NodeStatus.Online, await StatusAsync(node));
    }

    [Fact]
    public async Task A_changed_desired_state_reaches_the_next_beats_answer()
    {
        var (node, id) = await ConnectedAsync();
        (await node.ReserveAsync("r", Samples.Demand(), _cluster.Time.GetUtcNow().AddMinutes(1))).Require();
        var booking = (await node.ConfirmAsync("r", "lease")).Require();
        (await node.SetWorkloadsAsync("r", [Samples.Workload(booking)])).Require();
        await Eventually(async () => (await BeatAsync(id, 1)).Generation == 1, "the beat's answer carries generation 1");
    }

    [Fact]
    public async Task A_connection_nobody_announced_is_learnt_from_its_beat()
    {
        var (node, id) = await JoinedAsync();
        var session = (await node.ConnectAsync("boot", Samples.Hardware())).Require();
        Assert.True((await BeatAsync(id, session.Session)).Current);
        await PassAsync(4);
        await BecomesAsync(node, NodeStatus.Offline);
    }

    [Fact]
    public async Task After_a_restart_every_node_has_a_whole_time_out_and_those_that_are_gone_are_noticed()
    {
        var folder = Directory.CreateTempSubdirectory("depin-liveness-").FullName;
        var before = await NodeCluster.StartAsync(folder);
        var node = before.Node("node_gone");
        (await node.JoinAsync("op", Samples.Registration())).Require();
        (await node.ConnectAsync("boot", Samples.Hardware())).Require();
        before.Time.Advance(TimeSpan.FromMinutes(10));
        await before.DisposeAsync();

        // Nobody beats and nobody calls the shard: the host wakes it.
        await using (var after = await NodeCluster.StartAsync(folder, before.Time))
        {
            node = after.Node("node_gone");
            Assert.Equal(NodeStatus.Online, await StatusAsync(node));
            await PassAsync(1.8, after);
            Assert.Equal(NodeStatus.Online, await StatusAsync(node));
            await PassAsync(2, after);
            await BecomesAsync(node, NodeStatus.Offline);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_shard_that_never_runs_out_of_beats_still_finds_the_dead_and_loses_nobody_living()
    {
        // The real clock and more callers than the machine can serve, each back at once: the shard's timer never has a turn of its own when nothing makes room for it.
        await using var cluster = await NodeCluster.StartAsync(clock: TimeProvider.System);
        var shard = cluster.Grains.GetGrain<ILivenessShardGrain>(0);
        var (living, silent) = (new List<Beat>(), new List<INodeGrain>());
        for (var i = 0; i < 20; i++)
        {
            var node = cluster.Node($"node_load{i}");
            (await node.JoinAsync("op", Samples.Registration())).Require();
            var session = (await node.ConnectAsync("boot", Samples.Hardware())).Require();
            await shard.ConnectedAsync(session.Node, session.Session, session.Generation);
            if (i % 2 == 0)
            {
                living.Add(new Beat(session.Node, session.Session, 0));
            }
            else
            {
                silent.Add(node);
            }
        }

        using var stop = new CancellationTokenSource();
        ImmutableArray<Beat> beats = [.. living];
        var flood = Enumerable.Range(0, 16 * Environment.ProcessorCount).Select(_ => Task.Run(async () =>
        {
            var (current, calls) = (true, 0L);
            for (; !stop.IsCancellationRequested; calls++)
            {
                foreach (var answer in await shard.BeatAsync(beats))
                {
                    current &= answer.Current;
                }
            }

            return (current, calls);
        })).ToArray();
        try
        {
            // Three intervals of a second and one more, when the machine has nothing else to do.
            await Eventually(async () => (await Task.WhenAll(silent.Select(StatusAsync))).All(static s => s == NodeStatus.Offline), "the silent nodes are offline");
        }
        finally
        {
            await stop.CancelAsync();
        }

        Assert.All(await Task.WhenAll(flood), static caller => Assert.True(caller.current && caller.calls > 0));
        foreach (var beat in living)
        {
            Assert.NotEqual(NodeStatus.Offline, await StatusAsync(cluster.Node(beat.Node)));
        }
    }

    private async Task<(INodeGrain Node, string Id)> JoinedAsync()
    {
        var id = $"node_live{Interlocked.Increment(ref _next)}";
        var node = _cluster.Node(id);
        (await node.JoinAsync("op", Samples.Registration())).Require();
        return (node, id);
    }

    private async Task<(INodeGrain Node, string Id)> ConnectedAsync()
    {
        var (node, id) = await JoinedAsync();
        var session = (await node.ConnectAsync("boot", Samples.Hardware())).Require();
        await Shard.ConnectedAsync(id, session.Session, session.Generation);
        return (node, id);
    }

    private async Task<BeatAnswer> BeatAsync(string id, long session) => (await Shard.BeatAsync([new Beat(id, session, 0)]))[0];

    /// <summary>Moves the clock in steps the shard counts in full; an empty batch makes it look at the clock.</summary>
    private async Task PassAsync(double seconds, NodeCluster? cluster = null)
    {
        cluster ??= _cluster;
        var shard = cluster.Grains.GetGrain<ILivenessShardGrain>(0);
        for (var left = seconds; left > 0.001; left -= 0.2)
        {
            cluster.Time.Advance(TimeSpan.FromSeconds(Math.Min(0.2, left)));
            await shard.BeatAsync(ImmutableArray<Beat>.Empty);
        }
    }

    private static async Task<NodeStatus> StatusAsync(INodeGrain node) => (await node.GetAsync()).Require().Status;

    private static Task BecomesAsync(INodeGrain node, NodeStatus status) => Eventually(async () => await StatusAsync(node) == status, $"the node becomes {status}");

    private static async Task Eventually(Func<Task<bool>> condition, string what)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(60), $"not within 60 s: {what}");
            await Task.Delay(10);
        }
    }
}
