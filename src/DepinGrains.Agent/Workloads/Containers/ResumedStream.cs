namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>
/// Tells which lines of an engine's log are new to one who took some over before. Engines give all lines that a program wrote at once the same time: only until the place of
/// the last line taken is found do times decide, everything behind it is new.
/// </summary>
/// <param name="stamp">Time of the last line taken, nanoseconds since 1970; 0: none was.</param>
/// <param name="lines">How many lines of exactly that time were taken.</param>
internal sealed class ResumedStream(long stamp, long lines)
{
    private bool _found = stamp == 0;
    private long _left = lines;
    private long _at;

    /// <summary>The latest time seen: a line without a time, or of a clock that stepped back, belongs to the line before it.</summary>
    public long Reached => Math.Max(_at, stamp);

    /// <summary>Looks at the next line.</summary>
    /// <param name="nanos">Its time; null: it has none.</param>
    public bool IsNew(long? nanos)
    {
        _at = Math.Max(_at, nanos ?? 0);
        if (_found)
        {
            return true;
        }

        if (_at < stamp || (_at == stamp && _left-- > 0))
        {
            return false;
        }

        return _found = true;
    }
}
