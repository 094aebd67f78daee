using DepinGrains.Storage.InMemory;

namespace DepinGrains.Grains.Tests.Deployments;

/// <summary>Tells a story again and again, each time with another of its commits lost (before or after it was written), until there is none left to lose; then the books must be clean.</summary>
internal sealed class EachCommit
{
    private readonly Market _market;
    private readonly StoreFault _fault;
    private readonly int _lost;
    private int _seen;

    private EachCommit(Market market, StoreFault fault, int lost) => (_market, _fault, _lost, Region) = (market, fault, lost, market.NewRegion());

    /// <summary>A corner of the market for this time alone.</summary>
    public MarketRegion Region { get; }

    /// <summary>Runs the story; it must have between <paramref name="min"/> and <paramref name="max"/> commits.</summary>
    public static async Task IsLostOnceAsync(Market market, StoreFault fault, int min, int max, Func<EachCommit, Task> story)
    {
        EachCommit time;
        var lost = 0;
        do
        {
            time = new EachCommit(market, fault, ++lost);
            await story(time);
        }
        while (time._seen >= lost);
        Assert.InRange(lost - 1, min, max);
        await market.AssertBooksCleanAsync();
    }

    /// <summary>The part of the story that loses a commit, of the subjects that are <paramref name="mine"/>. <paramref name="first"/> happens just before the first of them.</summary>
    public async Task DuringAsync(Func<string, bool> mine, Func<Task> part, Action? first = null)
    {
        var begun = 0;
        _market.Store.Fault = point =>
        {
            if (point.Call != StoreCall.Commit || !mine(point.Subject))
            {
                return StoreFault.None;
            }

            if (first is not null && Interlocked.Exchange(ref begun, 1) == 0)
            {
                first();
            }

            return Interlocked.Increment(ref _seen) == _lost ? _fault : StoreFault.None;
        };
        try
        {
            await part();
        }
        finally
        {
            _market.Store.Fault = null;
        }
    }
}
