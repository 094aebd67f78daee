using System.Globalization;
using DepinGrains.Testing;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>One side of a comparison.</summary>
/// <param name="Name">Shown as the run goes on.</param>
/// <param name="RunAsync">One run of so many seconds.</param>
/// <param name="Warms">False where warming is in vain: a native program, or a new process for each run, which warms itself.</param>
internal sealed record Side(string Name, Func<int, Task<Measured>> RunAsync, bool Warms = true);

/// <summary>The runs of one side; its figures are those of the median run by rate, taken from the clean runs when there are any.</summary>
internal sealed record Median(Measured Chosen, IReadOnlyList<double> All)
{
    public double Rate => Chosen.Rate;

    public static Median Of(IReadOnlyList<Measured> runs)
    {
        var clean = runs.Where(static run => run.Cpu.IsClean).ToArray();
        var sorted = (clean.Length > 0 ? clean : [.. runs]).OrderBy(static run => run.Rate).ToArray();
        return new Median(sorted[sorted.Length / 2], [.. runs.Select(static run => run.Rate)]);
    }
}

/// <summary>What scenarios share: settings, the report, the PostgreSQL cluster, and rounds.</summary>
internal sealed class Bench(Settings settings) : IAsyncDisposable
{
    private const int WarmUpSlice = 3;
    private PostgresCluster? _cluster;
    private int _postmaster;

    public Settings Settings => settings;

    public Report Report { get; } = new();

    /// <summary>Progress; stdout stays the table's or JSON's.</summary>
    public static void Say(object what) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss} {what}"));

    /// <summary>The cluster all scenarios share, or null (and a sentence) where PostgreSQL is not installed.</summary>
    public async Task<PostgresCluster?> PostgresAsync()
    {
        if (_cluster is null && PostgresCluster.IsAvailable)
        {
            _cluster = await PostgresCluster.StartAsync(Peers.PeerPostgres.Settings);
            _postmaster = await Peers.PeerPostgres.PostmasterAsync(_cluster);
        }

        if (_cluster is null)
        {
            Say("PostgreSQL is not installed: left out");
        }

        return _cluster;
    }

    /// <summary>The server's process, for its share of the CPU; 0 when none was started.</summary>
    public int Postmaster => _postmaster;

    /// <summary>The server was stopped and started.</summary>
    public async Task PostmasterChangedAsync() => _postmaster = await Peers.PeerPostgres.PostmasterAsync(_cluster!);

    /// <summary>A, B, A, B …: every side once per round, after each has become warm.</summary>
    public async Task<Median[]> InterleaveAsync(params Side[] sides)
    {
        foreach (var side in sides.Where(static side => side.Warms))
        {
            await WarmUpAsync(side);
        }

        var runs = sides.Select(static _ => new List<Measured>()).ToArray();
        for (var round = 0; round < settings.Rounds; round++)
        {
            for (var i = 0; i < sides.Length; i++)
            {
                var measured = await sides[i].RunAsync(settings.Seconds);
                runs[i].Add(measured);
                Say(measured);
            }
        }

        return [.. runs.Select(Median.Of)];
    }

    /// <summary>
    /// Runs a side until it gets no faster, at most <see cref="Settings.WarmUp"/> seconds: the JIT compiler takes half of the processor in the first fifteen.
    /// Judged by the CPU time of an item, which other work on the machine disturbs less than the rate.
    /// </summary>
    private async Task WarmUpAsync(Side side)
    {
        var before = double.MaxValue;
        for (var spent = 0; spent < settings.WarmUp;)
        {
            var slice = Math.Min(WarmUpSlice, settings.WarmUp - spent);
            var measured = await side.RunAsync(slice);
            spent += slice;
            if (spent >= settings.WarmUp / 2 && measured.CpuMicroseconds > before * 0.95)
            {
                Say($"{side.Name}: warm after {spent} s");
                return;
            }

            before = measured.CpuMicroseconds;
        }
    }

    /// <summary>A line of a rate with latencies; with a peer its aim is a ratio, else a rate.</summary>
    public void AddRate(string scenario, string what, Median ours, double aim, string store, string layout, Median? peer = null, string? peerName = null, string note = "")
    {
        double? ratio = peer is null ? null : ours.Rate / Math.Max(1e-9, peer.Rate);
        var words = peer is null ? $"≥ {aim.ToString("N0", CultureInfo.InvariantCulture)}/s" : $"≥ {aim.ToString("0.##", CultureInfo.InvariantCulture)} ×";
        Report.Add(new Line(scenario, what, ours.Rate, "/s", words, (ratio ?? ours.Rate) >= aim)
        {
            P50 = ours.Chosen.P50,
            P99 = ours.Chosen.P99,
            Peer = peerName,
            PeerValue = peer?.Rate,
            Ratio = ratio,
            Foreign = Math.Max(ours.Chosen.Cpu.Foreign, peer?.Chosen.Cpu.Foreign ?? 0),
            Idle = ours.Chosen.Cpu.Idle,
            Store = store,
            Layout = layout,
            Note = note,
            Runs = ours.All,
            PeerRuns = peer?.All ?? [],
        });
    }

    /// <summary>A line whose value must stay at or below its aim.</summary>
    public void AddAtMost(string scenario, string what, double value, string unit, double aim, CpuShares cpu, string store, string layout, string note = "") =>
        Report.Add(new Line(scenario, what, value, unit, $"≤ {aim.ToString("0.##", CultureInfo.InvariantCulture)} {unit}", value <= aim)
        {
            Foreign = cpu.Foreign,
            Idle = cpu.Idle,
            Store = store,
            Layout = layout,
            Note = note,
        });

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
