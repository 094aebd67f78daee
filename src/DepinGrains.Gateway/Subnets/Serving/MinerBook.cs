using System.Collections.Concurrent;
using System.Collections.Immutable;
using DepinGrains.Domain.Subnets.Serving;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>What this gateway saw of each miner, by subnet and hotkey; in memory, for routing and for validators who ask.</summary>
public sealed class MinerBook(IOptions<ServingOptions> options, TimeProvider time)
{
    private const int EntriesMax = 65_536;
    private readonly ConcurrentDictionary<(int Netuid, string Hotkey), Entry> _entries = new();

    /// <summary>Milliseconds of the clock rests are measured with.</summary>
    public long NowMs => time.GetTimestamp() / (time.TimestampFrequency / 1_000);

    /// <summary>The order in which a request tries the miners.</summary>
    public ImmutableArray<Miner> Order(IReadOnlyList<Miner> miners, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(miners);
        var candidates = new MinerCandidate[miners.Count];
        for (var i = 0; i < candidates.Length; i++)
        {
            var known = _entries.GetValueOrDefault((miners[i].Netuid, miners[i].Hotkey));
            candidates[i] = new MinerCandidate(miners[i].Uid, miners[i].Incentive, known?.InFlight ?? 0, known?.Health ?? MinerHealth.New);
        }

        var order = MinerChoice.Order(candidates, NowMs, seed, options.Value.Choice);
        return [.. order.Select(uid => miners.First(m => m.Uid == uid))];
    }

    /// <summary>A try begins.</summary>
    public Entry Begin(Miner miner)
    {
        ArgumentNullException.ThrowIfNull(miner);
        MakeRoom();
        var entry = _entries.GetOrAdd((miner.Netuid, miner.Hotkey), static _ => new Entry());
        entry.Begin(miner.Uid);
        return entry;
    }

    /// <summary>A try ended with an answer.</summary>
    public void Answered(Entry entry, TimeSpan firstToken, InferenceUse use)
    {
        ArgumentNullException.ThrowIfNull(entry);
        entry.Answered((long)firstToken.TotalMicroseconds, use, NowMs);
    }

    /// <summary>A try ended without, or broke off.</summary>
    public void Failed(Entry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var o = options.Value;
        entry.Failed(NowMs, o.RestAfterFailures, (long)o.Rest.TotalMilliseconds, (long)o.RestMax.TotalMilliseconds);
    }

    /// <summary>What was seen of a subnet's miners, by uid.</summary>
    public IReadOnlyList<MinerServing> Of(int netuid)
    {
        var now = NowMs;
        return [.. _entries.Where(e => e.Key.Netuid == netuid).Select(e => e.Value.View(e.Key.Hotkey, now)).OrderBy(static v => v.Uid)];
    }

    private void MakeRoom()
    {
        if (_entries.Count < EntriesMax)
        {
            return;
        }

        foreach (var pair in _entries.Where(static p => p.Value.InFlight == 0).OrderBy(static p => p.Value.UsedAtMs).Take(EntriesMax / 8))
        {
            _entries.TryRemove(pair);
        }
    }

    /// <summary>One miner's figures.</summary>
    public sealed class Entry
    {
        private readonly Lock _gate = new();
        private MinerHealth _health = MinerHealth.New;
        private long _requests;
        private long _failures;
        private long _tokens;
        private int _inFlight;
        private int _uid;

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

        internal void Begin(int uid)
        {
            Interlocked.Increment(ref _inFlight);
            lock (_gate)
            {
                _uid = uid;
                _requests++;
            }
        }

        internal void End() => Interlocked.Decrement(ref _inFlight);

        internal void Answered(long firstTokenMicros, InferenceUse use, long nowMs)
        {
            lock (_gate)
            {
                _health = _health.Answered(firstTokenMicros);
                _tokens += use.PromptTokens + use.CompletionTokens;
                UsedAtMs = nowMs;
            }
        }

        internal void Failed(long nowMs, int restAfter, long restMs, long restMaxMs)
        {
            lock (_gate)
            {
                _health = _health.Failed(nowMs, restAfter, restMs, restMaxMs);
                _failures++;
                UsedAtMs = nowMs;
            }
        }

        internal MinerServing View(string hotkey, long nowMs)
        {
            lock (_gate)
            {
                return new MinerServing(_uid, hotkey, _requests, _failures, _tokens, InFlight, _health.FirstTokenMicros / 1_000.0, _health.SuccessPermille, _health.RestUntilMs > nowMs);
            }
        }
    }
}

/// <summary>What a gateway saw of a miner since it started.</summary>
/// <param name="Uid">The uid it had when last asked.</param>
/// <param name="Hotkey">Who it is.</param>
/// <param name="Requests">Tries.</param>
/// <param name="Failures">Tries without an answer, or broken off.</param>
/// <param name="Tokens">Counted tokens of its answers, prompts included.</param>
/// <param name="InFlight">Open now.</param>
/// <param name="FirstTokenMilliseconds">Moving average of the time to the first token; 0 = never answered.</param>
/// <param name="SuccessPermille">Moving average of answers among tries.</param>
/// <param name="Resting">Asked only when nobody else is left.</param>
public sealed record MinerServing(int Uid, string Hotkey, long Requests, long Failures, long Tokens, int InFlight, double FirstTokenMilliseconds, int SuccessPermille, bool Resting);
