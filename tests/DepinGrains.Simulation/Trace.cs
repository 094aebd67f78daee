using System.Globalization;

namespace DepinGrains.Simulation;

/// <summary>What happened, line by line: all of it goes into the hash, the newest lines are kept for the report.</summary>
internal sealed class Trace(TimeProvider time, TextWriter? output)
{
    public const int Kept = 30;
    private readonly Queue<string> _last = new();
    private readonly DateTimeOffset _start = time.GetUtcNow();

    public ulong Hash { get; private set; } = 14695981039346656037;

    public IReadOnlyCollection<string> Last => _last;

    public void Line(string text)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{(time.GetUtcNow() - _start).TotalSeconds,12:F3} {text}");
        foreach (var character in line)
        {
            Hash = (Hash ^ character) * 1099511628211;
        }

        _last.Enqueue(line);
        if (_last.Count > Kept)
        {
            _last.Dequeue();
        }

        output?.WriteLine(line);
    }
}
