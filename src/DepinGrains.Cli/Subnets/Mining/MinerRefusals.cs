namespace DepinGrains.Cli.Subnets.Mining;

/// <summary>How often callers were turned away, by code: worth a line when it begins and then once a minute, or strangers would fill the log. Codes are few.</summary>
internal sealed class MinerRefusals(TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long SaidAt, int Unsaid)> _codes = new(StringComparer.Ordinal);

    /// <summary>Counts one more; how many to tell of, those before it included, or null: later.</summary>
    public int? Count(string code)
    {
        lock (_gate)
        {
            if (_codes.TryGetValue(code, out var known) && time.GetElapsedTime(known.SaidAt) < Between)
            {
                _codes[code] = known with { Unsaid = known.Unsaid + 1 };
                return null;
            }

            _codes[code] = (time.GetTimestamp(), 0);
            return known.Unsaid + 1;
        }
    }
}
