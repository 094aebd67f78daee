using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Leases;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes;
using DepinGrains.Simulation.Worlds;

namespace DepinGrains.Simulation.Scenarios;

/// <summary>The agent on a node together with the gateway it talks to: connects, beats, pulls what must run and reports on it. Asks once; what is lost comes with the next beat.</summary>
internal sealed class Agent
{
    private readonly World _world;
    private readonly Caller _caller;
    private readonly Model _model;
    private readonly KnownNode _node;
    private readonly Rng _rng;
    private readonly SortedDictionary<string, long> _sequences = new(StringComparer.Ordinal);
    private readonly List<(string Lease, long Session, WorkloadStatus Status)> _reported = [];
    private HardwareInventory _claimed;
    private TimeSpan _interval = TimeSpan.FromSeconds(20);
    private long _session;
    private long _applied;
    private bool _alive = true;
    private bool _stopped;

    public Agent(World world, Caller caller, Model model, KnownNode node, Rng rng)
    {
        (_world, _caller, _model, _node, _rng, _claimed) = (world, caller, model, node, rng, node.Machine);
        _ = world.Scheduler.Start(RunAsync);
    }

    private INodeGrain Node => _world.Grain(g => g.GetGrain<INodeGrain>(_node.Id));

    private ILivenessShardGrain Shard => _world.Grain(g => g.GetGrain<ILivenessShardGrain>(NodeRows.BucketOf(_node.Id) % World.Shards));

    public void Stop() => _stopped = true;

    /// <summary>Its machine or its network dies; the process that runs workloads with it.</summary>
    public void FallSilent()
    {
        _world.Trace.Line($"agent {_node.Id} falls silent");
        _alive = false;
    }

    /// <summary>It is there again and honest.</summary>
    public void Live()
    {
        if (!_alive)
        {
            _world.Trace.Line($"agent {_node.Id} is back");
            _session = 0;
        }

        _claimed = _node.Machine;
        _alive = true;
    }

    /// <summary>Claims half of what it has at a new connection: refused when more is booked.</summary>
    public Task LieAsync()
    {
        _claimed = _node.Machine with { CpuMilli = _node.Machine.CpuMilli / 2, MemoryBytes = _node.Machine.MemoryBytes / 2, Gpus = [.. _node.Machine.Gpus.Take(1)] };
        return ConnectAsync();
    }

    /// <summary>A new connection takes over from an older one.</summary>
    public Task ConnectAsync() => _caller.TryAsync($"connect {_node.Id}", async () =>
    {
        var answer = await Node.ConnectAsync("boot", _claimed);
        if (!answer.IsOk)
        {
            _world.Trace.Line($"connect {_node.Id} → {answer.Refusal.Code}");
            _session = 0;
            _stopped |= answer.Refusal.Code == "node.retired";
            return;
        }

        _world.Trace.Line($"connect {_node.Id} → session {answer.Value.Session}");
        (_session, _applied) = (answer.Value.Session, 0);
        await Shard.ConnectedAsync(_node.Id, _session, answer.Value.Generation);
    });

    /// <summary>A report that was counted before, or one of a session that is over, arrives once more.</summary>
    public async Task ReportAgainAsync()
    {
        if (_reported.Count > 0)
        {
            var (lease, session, status) = _rng.Pick(_reported);
            await _caller.TryAsync($"report again {status.WorkloadId}", () => Lease(lease).ReportAsync(_node.Id, _rng.OneIn(2) ? session : Math.Max(0, session - 1), status.Sequence, [status]));
        }
    }

    private async Task RunAsync()
    {
        while (!_stopped)
        {
            await _world.UpAsync();
            if (_alive && _session == 0)
            {
                await ConnectAsync();
            }
            else if (_alive)
            {
                await _caller.TryAsync($"beat {_node.Id}", BeatAsync);
            }

            await Task.Delay(_session == 0 ? TimeSpan.FromSeconds(5) : _interval, _world.Time);
        }
    }

    private async Task BeatAsync()
    {
        var session = _session;
        var answer = (await Shard.BeatAsync([new Beat(_node.Id, session, _applied)]))[0];
        if (_session != session)
        {
            return;
        }

        _interval = TimeSpan.FromMilliseconds(answer.IntervalMs);
        if (!answer.Current)
        {
            _world.Trace.Line($"agent {_node.Id}: session {session} is over");
            _session = 0;
            return;
        }

        if (answer.Generation > _applied)
        {
            var desired = await Node.GetDesiredStateAsync();
            foreach (var workload in desired.Workloads)
            {
                await ReportAsync(session, workload);
            }

            _applied = desired.Generation;
        }
    }

    private async Task ReportAsync(long session, WorkloadSpec workload)
    {
        var sequence = _sequences[workload.Id] = _sequences.GetValueOrDefault(workload.Id) + 1;
        var status = new WorkloadStatus(workload.Id, sequence, WorkloadPhase.Running, "", 0, _world.Time.GetUtcNow(), 1, 1);
        _reported.Add((workload.LeaseId, session, status));
        var answer = await Lease(workload.LeaseId).ReportAsync(_node.Id, session, sequence, [status]);
        if (answer.IsOk)
        {
            _model.Reports[(workload.LeaseId, workload.Id)] = (session, sequence);
        }
    }

    private ILeaseGrain Lease(string id) => _world.Grain(g => g.GetGrain<ILeaseGrain>(id));
}
