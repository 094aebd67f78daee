using System.Runtime.InteropServices;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Grains.Nodes.Liveness;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Nodes;

/// <summary>
/// Gathers the beats of this process per liveness shard: while one batch is on its way the next gathers, so that batches grow with the load and no beat waits when there is none.
/// </summary>
public sealed partial class HeartbeatBatcher
{
    private readonly Lane[] _lanes;
    private readonly LivenessShards _shards;
    private readonly AgentEndpointOptions _options;
    private readonly ILogger<HeartbeatBatcher> _log;

    /// <summary>One lane per shard.</summary>
    public HeartbeatBatcher(LivenessShards shards, IOptions<AgentEndpointOptions> options, ILogger<HeartbeatBatcher> log)
    {
        ArgumentNullException.ThrowIfNull(shards);
        ArgumentNullException.ThrowIfNull(options);
        (_shards, _options, _log) = (shards, options.Value, log);
        _lanes = [.. Enumerable.Range(0, shards.Count).Select(static _ => new Lane())];
    }

    /// <summary>Called for each beat whose session is not current any more; set by the registry of connections.</summary>
    internal Action<AgentConnection>? NotCurrent { get; set; }

    /// <summary>Takes a beat; the answer goes to the connection later.</summary>
    internal void Beat(AgentConnection connection, long sequence, long appliedGeneration)
    {
        var lane = _lanes[connection.Shard];
        lock (lane)
        {
            lane.Waiting.Add(new Pending(connection, sequence, appliedGeneration));
            if (lane.Flying)
            {
                return;
            }

            lane.Flying = true;
        }

        _ = FlyAsync(connection.Shard, lane);
    }

    private async Task FlyAsync(int shard, Lane lane)
    {
        // Off the reader that brought the first beat.
        await Task.Yield();
        var batch = lane.Flown;
        while (Take(lane))
        {
            try
            {
                var beats = new Beat[batch.Count];
                for (var index = 0; index < beats.Length; index++)
                {
                    var pending = batch[index];
                    beats[index] = new Beat(pending.Connection.Node, pending.Connection.Session, pending.AppliedGeneration);
                }

                var answers = await _shards.Shard(shard).BeatAsync(ImmutableCollectionsMarshal.AsImmutableArray(beats)).WaitAsync(_options.BeatTimeout);
                for (var index = 0; index < answers.Length; index++)
                {
                    Answer(batch[index], answers[index]);
                }
            }
            catch (Exception problem)
            {
                // Agents beat again; the shard's own clock stands still while it does.
                LogLost(batch.Count, shard, problem);
            }
        }
    }

    private void Answer(in Pending pending, in BeatAnswer answer)
    {
        if (answer.Current)
        {
            pending.Connection.Acknowledge(pending.Sequence, answer);
        }
        else
        {
            NotCurrent?.Invoke(pending.Connection);
        }
    }

    /// <summary>Moves what waits, as much as one call may hold, to <see cref="Lane.Flown"/>; false when nothing waits.</summary>
    private bool Take(Lane lane)
    {
        lane.Flown.Clear();
        lock (lane)
        {
            if (lane.Waiting.Count == 0)
            {
                lane.Flying = false;
                return false;
            }

            var taken = Math.Min(lane.Waiting.Count, _options.BeatsPerCallMax);
            lane.Flown.AddRange(CollectionsMarshal.AsSpan(lane.Waiting)[..taken]);
            lane.Waiting.RemoveRange(0, taken);
            return true;
        }
    }

    private readonly record struct Pending(AgentConnection Connection, long Sequence, long AppliedGeneration);

    private sealed class Lane
    {
        public List<Pending> Waiting { get; } = [];

        /// <summary>The batch on its way; the flight's alone.</summary>
        public List<Pending> Flown { get; } = [];

        public bool Flying { get; set; }
    }

    [LoggerMessage(3310, LogLevel.Warning, "{Count} beats for liveness shard {Shard} got no answer")]
    private partial void LogLost(int count, int shard, Exception problem);
}
