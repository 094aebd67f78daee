namespace DepinGrains.Simulation.Checks;

/// <summary>
/// One value that acknowledged commands set, seen from outside: when a command began and when it was answered. A command can only have been overwritten by one that was
/// answered after it began; so of all that were said, only some can be what stands at the end.
/// </summary>
internal sealed class Register<T>
{
    private readonly List<(long Began, long Ended, T Value)> _writes = [];

    public bool Written => _writes.Count > 0;

    public void Set(long began, long ended, T value) => _writes.Add((began, ended, value));

    /// <summary>True when this value may stand: some command set it, and none that began after that one's answer set another.</summary>
    public bool MayBe(T value) =>
        _writes.Any(w => EqualityComparer<T>.Default.Equals(w.Value, value) && !_writes.Any(later => later.Began > w.Ended && !EqualityComparer<T>.Default.Equals(later.Value, value)));

    public override string ToString() => string.Join(", ", _writes.TakeLast(3).Select(static w => $"{w.Value}"));
}
