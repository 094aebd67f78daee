using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Network;

/// <summary><c>depin admin export</c>: everything of one kind as lines of JSON on stdout.</summary>
internal static class ExportCommand
{
    /// <summary>Answers that break off one after the other without a line between them.</summary>
    private const int BreaksMax = 5;

    private static readonly string[] Kinds = ["accounts", "journal", "leases", "bids", "events"];
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var what = new Argument<string>("what") { Description = string.Join(", ", Kinds) };
        what.AcceptOnlyFromAmong(Kinds);
        var ledger = new Option<string?>("--ledger") { Description = "accounts and journal: one ledger only, e.g. uakt" };
        var from = new Option<string?>("--from") { Description = "go on behind a line: its member cursor, e.g. of the last whole line of a file that was cut off" };
        var limit = new Option<int?>("--limit") { Description = "at most so many lines; all when left out" };
        var export = new Command("export", "everything of one kind as lines of JSON, with a cursor in each (operators)") { what, ledger, from, limit };
        export.SetAction((parse, cancel) => Session.RunAsync(parse, session => WriteAsync(session, parse.GetValue(what)!, parse.GetValue(ledger), parse.GetValue(from), parse.GetValue(limit), cancel)));
        return export;
    }

    /// <summary>
    /// A broken answer is asked for again behind the last whole line. Not accounts, whose lines are of one moment: there the export ends with the error, and <c>--from</c> is for who knows what he does.
    /// </summary>
    private static async Task<int> WriteAsync(Session session, string what, string? ledger, string? from, int? limit, CancellationToken cancel)
    {
        for (int written = 0, breaks = 0; !(limit - written <= 0); breaks++)
        {
            try
            {
                await foreach (var line in session.LinesAsync(Path(what, ledger, from, limit - written), cancel))
                {
                    await Console.Out.WriteLineAsync(line);
                    from = (string?)JsonNode.Parse(line)!["cursor"];
                    written++;
                    breaks = 0;
                }

                break;
            }
            catch (Exception broken) when (broken is HttpRequestException or IOException && what != "accounts" && written > 0 && breaks < BreaksMax)
            {
                await Task.Delay(Pause, cancel);
            }
        }

        return 0;
    }

    private static string Path(string what, string? ledger, string? from, int? limit)
    {
        var query = new (string Name, string? Value)[] { ("ledger", ledger), ("from", from), ("limit", limit?.ToString(System.Globalization.CultureInfo.InvariantCulture)) }
            .Where(static q => q.Value is not null).Select(static q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}");
        return $"/v1/network/export/{what}?{string.Join('&', query)}";
    }
}
