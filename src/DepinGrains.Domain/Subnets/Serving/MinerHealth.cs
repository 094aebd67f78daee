namespace DepinGrains.Domain.Subnets.Serving;

/// <summary>What one gateway knows of one miner from serving through it. Integers, no clock: instants are milliseconds of the caller's clock.</summary>
/// <param name="FirstTokenMicros">Moving average of the time to the first token; 0 = never answered.</param>
/// <param name="SuccessPermille">Moving average of answers among tries.</param>
/// <param name="FailuresInARow">Failures since the last answer.</param>
/// <param name="RestUntilMs">Asked only when nobody else is left until then.</param>
public readonly record struct MinerHealth(long FirstTokenMicros, int SuccessPermille, int FailuresInARow, long RestUntilMs)
{
    private const int Weight = 8;
    private const int Whole = 1_000;

    /// <summary>A miner nobody has tried: believed to be well.</summary>
    public static MinerHealth New { get; } = new(0, Whole, 0, 0);

    /// <summary>After an answer whose first token took so long; averages move by an eighth.</summary>
    public MinerHealth Answered(long firstTokenMicros) => new(
        FirstTokenMicros == 0 ? Math.Max(1, firstTokenMicros) : Math.Max(1, FirstTokenMicros + ((firstTokenMicros - FirstTokenMicros) / Weight)),
        Math.Min(Whole, SuccessPermille + ((Whole - SuccessPermille + Weight - 1) / Weight)),
        0,
        0);

    /// <summary>After it said that it is full: no failure, but asked after others for a moment, and less while it goes on.</summary>
    public MinerHealth Busy(long nowMs, long restMs) => this with { SuccessPermille = SuccessPermille - ((SuccessPermille + Weight - 1) / Weight), RestUntilMs = Math.Max(RestUntilMs, nowMs + restMs) };

    /// <summary>After a failure: from the <paramref name="restAfter"/>-th in a row on it rests, twice as long each time, at most <paramref name="restMaxMs"/>.</summary>
    public MinerHealth Failed(long nowMs, int restAfter, long restMs, long restMaxMs)
    {
        var failures = Math.Min(FailuresInARow + 1, 1_000);
        var doublings = Math.Min(failures - restAfter, 30);
        return new(
            FirstTokenMicros,
            SuccessPermille - ((SuccessPermille + Weight - 1) / Weight),
            failures,
            doublings < 0 ? RestUntilMs : nowMs + Math.Min(restMaxMs, restMs << doublings));
    }
}
