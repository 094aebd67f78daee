using DepinGrains.Storage.InMemory;

namespace DepinGrains.Simulation.Worlds;

/// <summary>What a write meets.</summary>
internal enum WriteFate
{
    Goes,

    /// <summary>The process dies before the write reaches the store.</summary>
    CrashBefore,

    /// <summary>The process dies after the store took it, before anybody hears.</summary>
    CrashAfter,
}

/// <summary>How often things go wrong. Each seed draws its own rates (some are zero): runs that only crash find other bugs than runs where all goes wrong at once.</summary>
internal sealed class FaultPlan
{
    private readonly Rng _rng;
    private readonly int _crash;
    private readonly int _failBefore;
    private readonly int _ambiguous;
    private readonly int _conflict;
    private readonly int _away;
    private readonly int _slow;
    private readonly int _lostRequest;
    private readonly int _lostReply;
    private readonly int _doubled;

    public FaultPlan(Rng rng)
    {
        _rng = rng;
        _crash = Rate(8_000);
        _failBefore = Rate(30_000);
        _ambiguous = Rate(30_000);
        _conflict = Rate(20_000);
        _away = Rate(5_000);
        _slow = Rate(30_000);
        _lostRequest = Rate(20_000);
        _lostReply = Rate(20_000);
        _doubled = Rate(100_000);
    }

    /// <summary>Off while the market is set up and once it must come to rest.</summary>
    public bool On { get; set; }

    public WriteFate Write() =>
        !On ? WriteFate.Goes : _rng.Hits(_crash) ? _rng.OneIn(2) ? WriteFate.CrashBefore : WriteFate.CrashAfter : WriteFate.Goes;

    public StoreFault Store(StoreCall call) => (On, call) switch
    {
        (false, _) => StoreFault.None,
        (_, StoreCall.Read) => _rng.Hits(_away) ? StoreFault.Unavailable : StoreFault.None,
        _ when _rng.Hits(_failBefore) => StoreFault.FailBefore,
        _ when _rng.Hits(_ambiguous) => StoreFault.AmbiguousAfter,
        // An index that answers "not from there" while nobody moved it is a broken store, not a mishap.
        _ when call != StoreCall.Index && _rng.Hits(_conflict) => StoreFault.Conflict,
        _ => StoreFault.None,
    };

    public bool LosesRequest() => On && _rng.Hits(_lostRequest);

    public bool LosesReply() => On && _rng.Hits(_lostReply);

    public bool Doubles() => On && _rng.Hits(_doubled);

    /// <summary>How many turns a store call takes, and how long it hangs.</summary>
    public (int Turns, TimeSpan Wait) Latency() =>
        (_rng.OneIn(3) ? _rng.Below(3) : 0, On && _rng.Hits(_slow) ? TimeSpan.FromMilliseconds(_rng.Between(1, 3_000)) : TimeSpan.Zero);

    private int Rate(int most) => _rng.OneIn(3) ? 0 : (int)_rng.Between(1, most);
}
