using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DepinGrains.Cli.Providers.Bidding;

/// <summary>One thing the bidder did or learnt.</summary>
/// <param name="Action"><c>bid</c>, <c>skip</c>, <c>won</c>, <c>lost</c>, <c>closed</c>, <c>withdrawn</c>, <c>kept</c>, <c>lease</c>, <c>error</c>, <c>connected</c>, <c>reconnecting</c>, <c>drained</c>.</param>
/// <param name="Price">Minor units a block.</param>
/// <param name="Code">The rule that said no.</param>
/// <param name="Milliseconds">From the order's arrival to the answer.</param>
public sealed record BidLogEntry(DateTimeOffset At, string Action, string? Order = null, string? Price = null, string? Ceiling = null, string? Denom = null, string? Code = null, string? Detail = null, long? Milliseconds = null);

/// <summary>Writes entries as table lines or as JSON lines, one at a time however many bid at once.</summary>
public sealed class BidLog(TextWriter writer, bool json)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private bool _headed;

    /// <summary>How often each action was written.</summary>
    public string Summary
    {
        get
        {
            lock (_gate)
            {
                return string.Join(", ", _counts.Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} {c.Key}")));
            }
        }
    }

    /// <summary>Writes an entry.</summary>
    public void Write(BidLogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var line = json ? JsonSerializer.Serialize(entry, Options) : Line(entry);
        lock (_gate)
        {
            _counts[entry.Action] = _counts.GetValueOrDefault(entry.Action) + 1;
            if (!json && !_headed)
            {
                _headed = true;
                writer.WriteLine($"{"time",-8}  {"what",-12}  {"price",-14}  {"ceiling",-20}  {"ms",6}  order and why");
            }

            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private static string Line(BidLogEntry e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.At:HH:mm:ss}  {e.Action,-12}  {e.Price ?? "",-14}  {(e.Ceiling is null ? "" : e.Ceiling + " " + e.Denom),-20}  {e.Milliseconds,6}  {e.Order} {e.Code} {e.Detail}").TrimEnd();
}
