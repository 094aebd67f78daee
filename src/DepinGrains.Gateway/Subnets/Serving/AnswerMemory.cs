using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Bytes that whole answers may take in this process, all callers together. What an answer may take is taken before a miner is asked: a miner that was put to work for nothing is worse than a caller who asks again.</summary>
public sealed class AnswerMemory(IOptions<ServingOptions> options)
{
    private readonly long _max = options.Value.BufferedBytesMax;
    private long _taken;

    /// <summary>Bytes taken now.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>True when there are so many left; they are taken then, until <see cref="GiveBack"/>.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= _max)
        {
            return true;
        }

        GiveBack(bytes);
        return false;
    }

    /// <summary>The answer is with the caller, or nobody's.</summary>
    public void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
