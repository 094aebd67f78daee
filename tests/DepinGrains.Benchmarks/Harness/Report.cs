using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>One line of the table. What is not known stays null.</summary>
/// <param name="Scenario">The command that measured it.</param>
/// <param name="What">What was measured.</param>
/// <param name="Value">Ours, in <paramref name="Unit"/>.</param>
/// <param name="Unit"><c>/s</c>, <c>ms</c>, <c>s</c>, <c>MB</c>, <c>KB</c>.</param>
/// <param name="Aim">The aim in words.</param>
/// <param name="Met">Whether the aim was reached.</param>
internal sealed record Line(string Scenario, string What, double Value, string Unit, string Aim, bool Met)
{
    /// <summary>Milliseconds.</summary>
    public double? P50 { get; init; }

    /// <summary>Milliseconds.</summary>
    public double? P99 { get; init; }

    public string? Peer { get; init; }

    public double? PeerValue { get; init; }

    /// <summary>Ours by the peer's.</summary>
    public double? Ratio { get; init; }

    /// <summary>Largest share of the CPU that other work took in the runs behind this line.</summary>
    public double Foreign { get; init; }

    /// <summary>False when other work took more than 8 %.</summary>
    public bool Counts => Foreign <= CpuShares.ForeignMax;

    /// <summary>Share of the CPU nobody used.</summary>
    public double? Idle { get; init; }

    public string Runtime { get; init; } = Machine.Runtime;

    public string Store { get; init; } = "none";

    public string Layout { get; init; } = "one process";

    public string Note { get; init; } = "";

    public DateTimeOffset At { get; init; } = DateTimeOffset.UtcNow;

    public IReadOnlyList<double> Runs { get; init; } = [];

    public IReadOnlyList<double> PeerRuns { get; init; } = [];
}

/// <summary>All lines of a run, as one table or as JSON.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly List<Line> _lines = [];

    public IReadOnlyList<Line> Lines => _lines;

    public void Add(Line line) => _lines.Add(line);

    public string ToJson() => JsonSerializer.Serialize(new { machine = Machine.Describe(), at = DateTimeOffset.UtcNow, lines = _lines }, Json);

    /// <summary>Markdown, for the README.</summary>
    public string ToMarkdown(Settings settings)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Machine.Describe()}; client and servers on the same machine, fsync on; {settings.Rounds} interleaved round(s) of {settings.Seconds} s, medians{(settings.Quick ? "; --quick: small data, the figures are no claim" : "")}.");
        text.AppendLine();
        text.AppendLine("| scenario | ours | p50 / p99 | peer | ratio | aim | other CPU | how |");
        text.AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (var line in _lines)
        {
            var latency = line.P99 is { } p99 ? $"{Milliseconds(line.P50 ?? 0)} / {Milliseconds(p99)} ms" : "";
            var peer = line.PeerValue is { } value ? $"{Amount(value, line.Unit)} {line.Peer}" : line.Peer ?? "";
            var ratio = line.Ratio is { } r ? r.ToString(r < 10 ? "F2" : "F1", CultureInfo.InvariantCulture) + " ×" : "";
            var foreign = line.Foreign.ToString("P0", CultureInfo.InvariantCulture).Replace(" ", "", StringComparison.Ordinal) + (line.Counts ? "" : " **does not count**");
            var how = string.Join(", ", new[] { line.Runtime, line.Store == "none" ? "" : line.Store, line.Layout, line.Note }.Where(static s => s.Length > 0));
            text.AppendLine(CultureInfo.InvariantCulture, $"| {line.Scenario}: {line.What} | {Amount(line.Value, line.Unit)} | {latency} | {peer} | {ratio} | {line.Aim}{(line.Met ? " ✓" : " ✗")} | {foreign} | {how} |");
        }

        return text.ToString();
    }

    private static string Amount(double value, string unit) =>
        value.ToString(value >= 100 ? "N0" : value >= 10 ? "N1" : "N2", CultureInfo.InvariantCulture) + (unit.StartsWith('/') ? unit : " " + unit);

    private static string Milliseconds(double value) => value.ToString(value >= 100 ? "F0" : value >= 10 ? "F1" : "F2", CultureInfo.InvariantCulture);
}
