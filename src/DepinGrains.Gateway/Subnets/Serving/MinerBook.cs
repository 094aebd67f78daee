using System.Collections.Concurrent;
using System.Collections.Immutable;
using DepinGrains.Contracts.Subnets;
using DepinGrains.Domain.Subnets.Serving;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>What this gateway saw of each miner, by subnet and hotkey: for routing in memory, and what it did not report to the subnet yet.</summary>
public sealed class MinerBook(IOptions<ServingOptions> options, TimeProvider time)
{
    /// <summary>Why a try failed: the miner is full.</summary>
    internal const string Busy = "busy";

    /// <summary>Why a try failed: the miner says that the request cannot be served.</summary>
    internal const string Refused = "refused";

    private const int EntriesMax = 65_536;
    private readonly ConcurrentDictionary<(int Netuid, string Hotkey), MinerEntry> _entries = new();

    /// <summary>Milliseconds of the clock rests are measured with.</summary>
    public long NowMs => time.GetTimestamp() / (time.TimestampFrequency / 1_000);

    /// <summary>The order in which a request tries the miners; without those that have as many requests as they may have.</summary>
    public ImmutableArray<Miner> Order(IReadOnlyList<Miner> miners, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(miners);
        var candidates = new List<MinerCandidate>(miners.Count);
        foreach (var miner in miners)
        {
            var known = _entries.GetValueOrDefault((miner.Netuid, miner.Hotkey));
            if ((known?.InFlight ?? 0) < options.Value.RequestsPerMinerMax)
            {
                candidates.Add(new MinerCandidate(miner.Uid, miner.Incentive, known?.InFlight ?? 0, known?.Health ?? MinerHealth.New));
            }
        }

        var order = MinerChoice.Order(candidates, NowMs, seed, options.Value.Choice);
        return [.. order.Select(uid => miners.First(m => m.Uid == uid))];
    }

    /// <summary>A try begins; null when others filled the miner meanwhile.</summary>
    public MinerEntry? TryBegin(Miner miner)
    {
        ArgumentNullException.ThrowIfNull(miner);
        MakeRoom();
        var entry = _entries.GetOrAdd((miner.Netuid, miner.Hotkey), static _ => new MinerEntry());
        return entry.TryBegin(miner, options.Value.RequestsPerMinerMax) ? entry : null;
    }

    /// <summary>A try ended with an answer.</summary>
    public void Answered(MinerEntry entry, TimeSpan firstToken, InferenceUse use)
    {
        ArgumentNullException.ThrowIfNull(entry);
        entry.Answered((long)firstToken.TotalMicroseconds, use, NowMs);
    }

    /// <summary>A try ended without, or broke off.</summary>
    /// <param name="entry">The miner.</param>
    /// <param name="reason">In one word.</param>
    public void Failed(MinerEntry entry, string reason)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var o = options.Value;
        if (reason == Busy)
        {
            entry.Busy(NowMs, (long)o.BusyRest.TotalMilliseconds);
        }
        else
        {
            entry.Failed(NowMs, o.RestAfterFailures, (long)o.Rest.TotalMilliseconds, (long)o.RestMax.TotalMilliseconds, reason, time.GetUtcNow());
        }
    }

    /// <summary>What was seen of a subnet's miners, by uid.</summary>
    public IReadOnlyList<MinerServing> Of(int netuid)
    {
        var now = NowMs;
        return [.. _entries.Where(e => e.Key.Netuid == netuid).Select(e => e.Value.View(e.Key.Hotkey, now)).OrderBy(static v => v.Uid)];
    }

    /// <summary>What was seen since it was last taken, by subnet; whoever takes it must report it.</summary>
    public ILookup<int, MinerReport> TakeReports() =>
        _entries.Select(static e => (e.Key.Netuid, Report: e.Value.TakeReport(e.Key.Hotkey))).Where(static r => r.Report is not null).ToLookup(static r => r.Netuid, static r => r.Report!);

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
}

/// <summary>What a gateway saw of a miner since it started.</summary>
/// <param name="Uid">The uid it had when last asked.</param>
/// <param name="Hotkey">Who it is.</param>
/// <param name="Requests">Tries.</param>
/// <param name="Failures">Tries without an answer, or broken off.</param>
/// <param name="Busy">Tries it sent elsewhere because it was full.</param>
/// <param name="Tokens">Counted tokens of its answers, prompts included.</param>
/// <param name="InFlight">Open now.</param>
/// <param name="FirstTokenMilliseconds">Moving average of the time to the first token; 0 = never answered.</param>
/// <param name="SuccessPermille">Moving average of answers among tries.</param>
/// <param name="Resting">Asked only when nobody else is left.</param>
public sealed record MinerServing(int Uid, string Hotkey, long Requests, long Failures, long Busy, long Tokens, int InFlight, double FirstTokenMilliseconds, int SuccessPermille, bool Resting);
