using System.Collections.Immutable;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>One miner's figures in this process: since it started, and since they were last reported.</summary>
public sealed class MinerEntry
{
    private readonly Lock _gate = new();
    private MinerHealth _health = MinerHealth.New;
    private MinerTally _reported = MinerTallies.Empty;
    private MinerTally _seen = MinerTallies.Empty;
    private string? _failure;
    private DateTimeOffset? _failedAt;
    private int _inFlight;
    private (int Uid, long RegisteredAt) _place;

    internal MinerHealth Health
    {
        get
        {
            lock (_gate)
            {
                return _health;
            }
        }
    }

    internal int InFlight => Volatile.Read(ref _inFlight);

    internal long UsedAtMs { get; private set; }

    internal bool TryBegin(Miner miner, int max)
    {
        if (Interlocked.Increment(ref _inFlight) > max)
        {
            End();
            return false;
        }

        lock (_gate)
        {
            _place = (miner.Uid, miner.RegisteredAt);
            _seen = _seen with { Requests = _seen.Requests + 1 };
        }

        return true;
    }

    internal void End() => Interlocked.Decrement(ref _inFlight);

    internal void Answered(long firstTokenMicros, InferenceUse use, long nowMs)
    {
        var bound = MinerTallies.BoundOf(firstTokenMicros);
        lock (_gate)
        {
            (_health, UsedAtMs) = (_health.Answered(firstTokenMicros), nowMs);
            _seen = _seen with
            {
                Answers = _seen.Answers + 1, PromptTokens = _seen.PromptTokens + use.PromptTokens, CompletionTokens = _seen.CompletionTokens + use.CompletionTokens,
                FirstTokenMicros = _seen.FirstTokenMicros + firstTokenMicros, FirstTokens = _seen.FirstTokens.SetItem(bound, _seen.FirstTokens[bound] + 1),
            };
        }
    }

    internal void Failed(long nowMs, int restAfter, long restMs, long restMaxMs, string reason, DateTimeOffset at)
    {
        lock (_gate)
        {
            (_health, UsedAtMs) = (_health.Failed(nowMs, restAfter, restMs, restMaxMs), nowMs);
            (_failure, _failedAt, _seen) = (reason, at, _seen with { Failures = _seen.Failures + 1 });
        }
    }

    internal void Busy(long nowMs, long restMs)
    {
        lock (_gate)
        {
            (_health, UsedAtMs, _seen) = (_health.Busy(nowMs, restMs), nowMs, _seen with { Busy = _seen.Busy + 1 });
        }
    }

    internal MinerServing View(string hotkey, long nowMs)
    {
        lock (_gate)
        {
            var all = _reported.Plus(_seen);
            return new MinerServing(
                _place.Uid, hotkey, all.Requests, all.Failures, all.Busy, all.PromptTokens + all.CompletionTokens, InFlight, _health.FirstTokenMicros / 1_000.0, _health.SuccessPermille, _health.RestUntilMs > nowMs);
        }
    }

    /// <summary>What was not reported yet; null when nothing was.</summary>
    internal MinerReport? TakeReport(string hotkey)
    {
        lock (_gate)
        {
            if (_seen == MinerTallies.Empty)
            {
                return null;
            }

            var report = new MinerReport(_place.Uid, hotkey, _place.RegisteredAt, _seen, _failure, _failedAt);
            (_reported, _seen, _failure, _failedAt) = (_reported.Plus(_seen), MinerTallies.Empty, null, null);
            return report;
        }
    }
}
