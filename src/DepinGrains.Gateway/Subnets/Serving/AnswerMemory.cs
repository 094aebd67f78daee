using System.Collections.Concurrent;
using DepinGrains.Contracts.Common;
using DepinGrains.Domain.Subnets.Serving;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>
/// Bytes that whole answers may take in this process: of all callers together, and of each a share, so that none can take all. What an answer may take is taken before a miner is asked: a miner that was put to work for
/// nothing is worse than a caller who asks again.
/// </summary>
public sealed class AnswerMemory(IOptions<ServingOptions> options)
{
    private readonly ConcurrentDictionary<string, long> _callers = new(StringComparer.Ordinal);
    private long _taken;

    /// <summary>Bytes taken now.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Null when there are so many left, for this caller too; they are taken then, until <see cref="GiveBack"/>.</summary>
    public Refusal? TryTake(string caller, long bytes)
    {
        if (bytes == 0)
        {
            return null;
        }

        var o = options.Value;
        var (own, all) = (_callers.AddOrUpdate(caller, bytes, (_, taken) => taken + bytes), Interlocked.Add(ref _taken, bytes));
        if (own <= o.BufferedBytesPerCallerMax && all <= o.BufferedBytesMax)
        {
            return null;
        }

        GiveBack(caller, bytes);
        return own > o.BufferedBytesPerCallerMax
            ? Refusal.Of(ServingErrors.CallerMemory, $"Your whole answers under way may take {o.BufferedBytesPerCallerMax} bytes, this one up to {bytes}; ask again when one is done, or with stream: true, or for fewer max_tokens.", ("max", o.BufferedBytesPerCallerMax), ("bytes", bytes))
            : Refusal.Of(ServingErrors.Memory, "Too many whole answers are under way in this gateway; ask again, or with stream: true, or for fewer max_tokens.", ("max", o.BufferedBytesMax));
    }

    /// <summary>The answer is with the caller, or nobody's.</summary>
    public void GiveBack(string caller, long bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        Interlocked.Add(ref _taken, -bytes);
        var left = _callers.AddOrUpdate(caller, 0, (_, taken) => taken - bytes);
        if (left <= 0)
        {
            _callers.TryRemove(KeyValuePair.Create(caller, left));
        }
    }
}
