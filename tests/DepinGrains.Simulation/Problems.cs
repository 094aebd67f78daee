namespace DepinGrains.Simulation;

/// <summary>Broken invariants of one run. The first ones say most, so only some are kept.</summary>
internal sealed class Problems(Trace trace)
{
    private const int Most = 20;
    private readonly List<string> _all = [];

    public IReadOnlyList<string> All => _all;

    public bool Any => _all.Count > 0;

    public void Add(string problem)
    {
        if (_all.Count < Most && !_all.Contains(problem))
        {
            trace.Line("PROBLEM " + problem);
            _all.Add(problem);
        }
    }

    public void Unless(bool holds, string problem)
    {
        if (!holds)
        {
            Add(problem);
        }
    }
}
