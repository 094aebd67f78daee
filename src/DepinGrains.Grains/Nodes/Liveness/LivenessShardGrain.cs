using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;
using DepinGrains.Grains.Network;
using DepinGrains.Storage.Rows;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.Nodes.Liveness;

/// <summary>
/// Watches the nodes of its buckets. Everything in memory follows from rows and beats and may be lost at any time: what is durable stands with the node grains, which are told.
/// </summary>
[GrainType("depin.liveness")]
public sealed partial class LivenessShardGrain(
    IRowStore store,
    [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time,
    IOptions<LivenessOptions> options,
    LivenessMetrics metrics,
    ILogger<LivenessShardGrain> log) : Grain, ILivenessShardGrain, IRemindable
{
    private const string Reminder = "watch";
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private readonly LivenessOptions _options = options.Value;
    private readonly BeatTable _table = new((int)options.Value.Tick.TotalMilliseconds, options.Value.SuspectIntervals, options.Value.DeadIntervals);
    private readonly List<int> _late = [];
    private readonly List<int> _dead = [];

    /// <summary>The shard's own clock in milliseconds: stands still while the shard does. See <see cref="LivenessOptions.TickCountsAtMost"/>.</summary>
    private long _now;
    private long _stamp;
    private long _turnAt;
    private long _othersAt;
    private int _interval;
    private int _intervalOf = -1;

    private int Index => (int)this.GetPrimaryKeyLong();

    private bool Retired => Index >= _options.Shards;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _stamp = time.GetTimestamp();
        if (Retired)
        {
            return;
        }

        await LoadAsync(cancellationToken);

        // The interval follows from how many there are, so it is what the shard before this one told them; and only now the grace of a whole time-out begins.
        _table.SetIntervals(Interval());
        _stamp = time.GetTimestamp();
        this.RegisterGrainTimer(_ => TickAsync(), new GrainTimerCreationOptions(_options.Tick, _options.Tick) { KeepAlive = true });
        this.RegisterGrainTimer(_ => RefreshAsync(), new GrainTimerCreationOptions(_options.RefreshPeriod, _options.RefreshPeriod) { Interleave = true });
        LogWatching(Index, _table.Watched);
    }

    /// <inheritdoc/>
    public async Task WakeAsync()
    {
        if (!Retired)
        {
            await this.RegisterOrUpdateReminder(Reminder, ReminderPeriod, ReminderPeriod);
        }
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        // That this grain is active is all that the reminder is for, unless the shard was configured away.
        if (Retired && await this.GetReminder(reminderName) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
            DeactivateOnIdle();
        }
    }

    /// <inheritdoc/>
    public Task ConnectedAsync(string node, long session, long generation)
    {
        Advance();
        var at = _table.Find(node);
        if (at < 0)
        {
            _table.Add(node, session, generation, Interval(), _now);
        }
        else if (session > _table[at].Session || (session == _table[at].Session && _table[at].State != BeatState.Gone))
        {
            Revive(at, session, Math.Max(generation, _table[at].Generation));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ChangedAsync(string node, long generation)
    {
        var at = _table.Find(node);
        if (at >= 0)
        {
            ref var entry = ref _table[at];
            entry.Generation = Math.Max(entry.Generation, generation);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<BeatAnswer>> BeatAsync(ImmutableArray<Beat> beats)
    {
        Advance();
        var interval = Interval();
        var answers = new BeatAnswer[beats.Length];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Take(beats[i], interval);
        }

        metrics.Beats(beats.Length);
        if (_now >= _turnAt)
        {
            // The timer waits its turn behind the beats. Only after these were taken: nobody dies of a beat that is here.
            Turn();
        }

        var taken = ImmutableCollectionsMarshal.AsImmutableArray(answers);
        return _othersAt <= _now ? AfterOthersAsync(taken) : Task.FromResult(taken);
    }

    /// <summary>
    /// Answers when the threads have looked at what waits for them in common. Callers that come back at once keep a thread of the pool busy with its own queue for ever (Orleans
    /// queues turns there), and timers, connections and answers of the store, which wait in the common one, would starve: the dead would be known and never written down.
    /// </summary>
    private async Task<ImmutableArray<BeatAnswer>> AfterOthersAsync(ImmutableArray<BeatAnswer> answers)
    {
        _othersAt = _now + Math.Max(1, (long)_options.BeatsAloneAtMost.TotalMilliseconds);
        if (ReferenceEquals(time, TimeProvider.System))
        {
            // On any other clock somebody else decides who runs when.
            var passed = new TaskCompletionSource();
            ThreadPool.UnsafeQueueUserWorkItem(static passed => passed.SetResult(), passed, preferLocal: false);
            await passed.Task;
        }

        return answers;
    }

    private BeatAnswer Take(in Beat beat, int interval)
    {
        var at = _table.Find(beat.Node);
        if (at < 0)
        {
            // Sessions come from the node grain alone, so this one is real and its announcement was lost; its row is read soon.
            at = _table.Add(beat.Node, beat.Session, beat.AppliedGeneration, interval, _now);
            Doubt(at);
        }

        ref var entry = ref _table[at];
        if (beat.Session < entry.Session || (beat.Session == entry.Session && entry.State == BeatState.Gone))
        {
            return new BeatAnswer(beat.Node, entry.Generation, interval, Current: false);
        }

        if (beat.Session > entry.Session)
        {
            Revive(at, beat.Session, Math.Max(entry.Generation, beat.AppliedGeneration));
            Doubt(at);
        }

        // The deadline follows from what the node is told now.
        (entry.LastBeat, entry.IntervalMs) = (_now, interval);
        if (entry.State == BeatState.Suspect)
        {
            entry.State = BeatState.Alive;
            Tell(at);
        }

        return new BeatAnswer(beat.Node, entry.Generation, interval, Current: true);
    }

    private void Revive(int at, long session, long generation)
    {
        if (session > _table[at].Session)
        {
            (_table[at].ToldSuspect, _table[at].ToldUnsure) = (false, false);
        }

        _table.Revive(at, session, generation, Interval(), _now);
    }

    private Task TickAsync()
    {
        Advance();
        Turn();
        metrics.Watched(Index, _table.Watched);
        return Task.CompletedTask;
    }

    private void Turn()
    {
        _turnAt = _now + (long)_options.Tick.TotalMilliseconds;
        _late.Clear();
        _dead.Clear();
        foreach (var at in _again)
        {
            Tell(at);
        }

        _again.Clear();
        _table.Turn(_now, _late, _dead);
        foreach (var at in _late)
        {
            Tell(at);
        }

        foreach (var at in _dead)
        {
            Tell(at);
        }

        Pump();
    }

    /// <summary>Interval that keeps the shard's nodes together at <see cref="LivenessOptions.BeatsPerSecond"/>.</summary>
    private int Interval()
    {
        if (_intervalOf != _table.Watched)
        {
            _intervalOf = _table.Watched;
            _interval = (int)HeartbeatInterval.For(_intervalOf, _options.BeatsPerSecond, _options.IntervalMin, _options.IntervalMax).TotalMilliseconds;
        }

        return _interval;
    }

    private void Advance()
    {
        var stamp = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_stamp, stamp);
        if (elapsed >= TimeSpan.FromMilliseconds(1))
        {
            _now += (long)(elapsed < _options.TickCountsAtMost ? elapsed : _options.TickCountsAtMost).TotalMilliseconds;
            _stamp = stamp;
        }
    }

    [LoggerMessage(3200, LogLevel.Information, "Liveness shard {Shard} watches {Nodes} nodes")]
    private partial void LogWatching(int shard, int nodes);

    [LoggerMessage(3201, LogLevel.Warning, "Liveness shard {Shard} could not read changed nodes and tries again")]
    private partial void LogRefreshFailed(int shard, Exception problem);

    [LoggerMessage(3202, LogLevel.Warning, "Liveness shard {Shard} could not tell node {Node} and tries again")]
    private partial void LogTellFailed(int shard, string node, Exception problem);
}
