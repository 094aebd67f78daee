using System.CommandLine;
using System.Globalization;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Network;

/// <summary>The part of <c>depin admin</c> that acts at once: pause the market, take a node off it, issue money.</summary>
internal static class OperationCommands
{
    private const string Paused = "market.paused";

    /// <summary><c>admin market</c>: a parameter underneath, so it has a time, a history and reaches every process.</summary>
    public static Command Market()
    {
        var at = new Option<DateTimeOffset?>("--at") { Description = "from when, ISO 8601; as soon as possible when left out" };
        var pause = new Command("pause", "refuse new deployments (market.paused); what is open, runs or is listed anew goes on") { at };
        pause.SetAction(parse => SetPausedAsync(parse, 1, parse.GetValue(at)));
        var resume = new Command("resume", "take new deployments again") { at };
        resume.SetAction(parse => SetPausedAsync(parse, 0, parse.GetValue(at)));
        var show = new Command("show", "whether the market is paused, and changes to come");
        show.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            (await session.GetAsync("/v1/network/parameters")).AsArray().Single(static p => (string?)p!["name"] == Paused)!,
            static p =>
            {
                Console.Out.WriteLine((long)p["value"]! == 0 ? "open" : "paused: new deployments are refused");
                foreach (var change in p["upcoming"]!.AsArray())
                {
                    Console.Out.WriteLine($"{((long)change!["value"]! == 0 ? "open" : "paused")} from {(string?)change["effectiveAt"]}");
                }
            })));
        return new Command("market", "pause and resume the market (operators)") { pause, resume, show };
    }

    /// <summary><c>admin node</c>.</summary>
    public static Command Node()
    {
        var id = new Argument<string>("node") { Description = "node_…, see depin node list" };
        var drain = new Command("drain", "take a node off the market; its leases stay") { id };
        drain.SetAction(parse => DrainAsync(parse, parse.GetValue(id)!, true));
        var resume = new Command("resume", "offer it again") { id };
        resume.SetAction(parse => DrainAsync(parse, parse.GetValue(id)!, false));
        return new Command("node", "take anybody's node off the market and offer it again (operators)") { drain, resume };
    }

    /// <summary><c>admin issue</c>.</summary>
    public static Command Issue()
    {
        var amount = new Argument<string>("amount");
        var token = new Argument<string>("token") { Description = "AKT, USDC or a denomination; credit is bought, not issued" };
        var to = new Option<string>("--to") { Description = "identity whose wallet gets it", Required = true };
        var reason = new Option<string>("--reason") { Description = "for the public record, 3 to 200 characters", Required = true };
        var issue = new Command("issue", "bring money into being, within Issuance:DayMax of the silos' configuration (operators)") { amount, token, to, reason };
        issue.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            var minor = Amounts.Parse(parse.GetValue(amount)!, parse.GetValue(token)!);
            var answer = await session.PostAsync($"/v1/ledgers/{denom}/issues", new { to = parse.GetValue(to), amount = minor, reason = parse.GetValue(reason) });
            return session.Show(answer, i => Console.Out.WriteLine($"issue {i["ordinal"]}: {Amounts.Show((long)i["amount"]!, denom)} to {(string?)i["to"]}"));
        }));
        return issue;
    }

    /// <summary><c>admin issues</c>.</summary>
    public static Command Issues()
    {
        var token = new Argument<string>("token") { Description = "AKT, USDC or a denomination" };
        var issues = new Command("issues", "what operators brought into being, newest first") { token };
        issues.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync($"/v1/ledgers/{Amounts.Denom(parse.GetValue(token)!)}/issues"),
            ("when", static i => (string?)i["at"]),
            ("number", static i => ((long)i["ordinal"]!).ToString(CultureInfo.InvariantCulture)),
            ("amount", static i => Amounts.Show((long)i["amount"]!, (string)i["token"]!)),
            ("to", static i => (string?)i["to"]),
            ("by", static i => (string?)i["by"]),
            ("reason", static i => (string?)i["reason"]))));
        return issues;
    }

    private static Task<int> SetPausedAsync(ParseResult parse, long value, DateTimeOffset? at) => Session.RunAsync(parse, async session => session.Show(
        await session.PostAsync("/v1/network/parameters", new { name = Paused, value, effectiveAt = at }),
        static c => Console.Out.WriteLine($"{((long)c["value"]! == 0 ? "open" : "paused")} from {(string?)c["effectiveAt"]}")));

    private static Task<int> DrainAsync(ParseResult parse, string node, bool drain) => Session.RunAsync(parse, async session => session.Show(
        await session.PostAsync($"/v1/nodes/{node}/drain", new { drain }),
        static n => Console.Out.WriteLine($"{(string?)n["id"]}: {(string?)n["status"]}")));
}
