using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Deployments;

/// <summary><c>depin market</c>.</summary>
public static class MarketCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var order = new Argument<string>("order") { Description = "owner/dseq for the newest order of a group, or owner/dseq/gseq/oseq" };
        var group = new Option<int>("--group") { Description = "which group of owner/dseq", DefaultValueFactory = static _ => 1 };
        var why = new Command("why", "why others did not bid for an order") { order, group };
        why.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var parts = parse.GetValue(order)!.Split('/').Select(Uri.EscapeDataString).ToArray();
            if (parts.Length is not (2 or 4))
            {
                throw new ApiException("cli.id_malformed", $"'{parse.GetValue(order)}' is no order id; it reads owner/dseq or owner/dseq/gseq/oseq");
            }

            var (gseq, oseq) = parts.Length > 3 ? (parts[2], parts[3]) : await NewestAsync(session, parts[0], parts[1], parse.GetValue(group));
            var report = await session.GetAsync($"/v1/deployments/{parts[0]}/{parts[1]}/groups/{gseq}/orders/{oseq}/why");
            if (!session.Json)
            {
                Console.Out.WriteLine($"{(int)report["considered"]!} provider(s) looked at, {report["bidders"]!.AsArray().Count} bid");
            }

            return session.Json ? session.Show(report, static _ => { }) : session.ShowTable(
                report["verdicts"]!.AsArray(),
                ("provider", static v => (string?)v["provider"]),
                ("node", static v => (string?)v["node"]),
                ("rule", static v => (string?)v["rule"]),
                ("why", static v => (string?)v["had"]));
        }));
        var orders = new Command("orders", "open orders of the whole market");
        orders.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/orders"),
            ("order", static o => (string?)o["id"]),
            ("ceiling", static o => $"{(string?)o["ceiling"]} {(string?)o["denom"]}"),
            ("since", static o => (string?)o["openedAt"]))));
        return new Command("market", "the open market") { why, orders, Stats() };
    }

    /// <summary>A group's newest order.</summary>
    private static async Task<(string Gseq, string Oseq)> NewestAsync(Session session, string owner, string dseq, int gseq)
    {
        var deployment = await session.GetAsync($"/v1/deployments/{owner}/{dseq}");
        var found = deployment["groups"]!.AsArray().FirstOrDefault(g => (int)g!["gseq"]! == gseq) ?? throw new ApiException("cli.group_not_found", $"{owner}/{dseq} has no group {gseq}");
        return (gseq.ToString(CultureInfo.InvariantCulture), ((string)found["order"]!["id"]!).Split('/')[^1]);
    }

    private static Command Stats()
    {
        var period = new Option<string>("--period") { Description = "day or quarter", DefaultValueFactory = static _ => "day" };
        var from = new Option<string?>("--from") { Description = "yyyy-MM-dd; 30 days or 4 quarters ago when absent" };
        var to = new Option<string?>("--to") { Description = "yyyy-MM-dd; today when absent" };
        var stats = new Command("stats", "active leases per day or quarter by resource class") { period, from, to };
        stats.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var items = new JsonArray();
            var begin = parse.GetValue(from);
            for (var pages = 0; pages < 100; pages++)
            {
                var path = $"/v1/statistics/leases?period={parse.GetValue(period)}" + (begin is null ? "" : "&from=" + Uri.EscapeDataString(begin)) + (parse.GetValue(to) is { } end ? "&to=" + Uri.EscapeDataString(end) : "");
                var page = await session.GetAsync(path);
                foreach (var item in page["items"]!.AsArray())
                {
                    items.Add(item!.DeepClone());
                }

                if ((begin = (string?)page["nextFrom"]) is null)
                {
                    break;
                }
            }

            return session.ShowTable(items, ("period", static i => (string?)i["period"]), ("class", static i => (string?)i["resourceClass"]), ("active leases", static i => i["active"]!.ToString()));
        }));
        return stats;
    }
}
