using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Deployments;

/// <summary><c>depin deployment auto-top-up</c>.</summary>
public static class TopUpCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "owner/dseq" };
        var below = new Option<long>("--below") { Description = "deposit when fewer blocks than this are funded", DefaultValueFactory = static _ => 600 };
        var to = new Option<long>("--to") { Description = "deposit enough for this many blocks", DefaultValueFactory = static _ => 3_600 };
        var cap = new Option<string>("--cap") { Description = "most in one period, whole tokens", Required = true };
        var least = new Option<string>("--at-least") { Description = "least at once, whole tokens", DefaultValueFactory = static _ => "0.000001" };
        var period = new Option<long>("--period") { Description = "seconds", DefaultValueFactory = static _ => 86_400 };
        var from = new Option<string>("--from") { Description = "balance, grants, balance_then_grants or grants_then_balance", DefaultValueFactory = static _ => "balance" };
        var set = new Command("set", "keep a deployment funded by itself") { id, below, to, cap, least, period, from };
        set.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var currency = await DeploymentCommands.CurrencyAsync(session, parse.GetValue(id));
            var rule = await session.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/auto-top-up", new
            {
                belowBlocks = parse.GetValue(below),
                toBlocks = parse.GetValue(to),
                capPerPeriod = Amounts.ParseWhole(parse.GetValue(cap)!, currency),
                amountMin = Amounts.ParseWhole(parse.GetValue(least)!, currency),
                periodSeconds = parse.GetValue(period),
                from = parse.GetValue(from),
            });
            return session.Show(rule, Draw);
        }));
        var show = new Command("show", "the standing order and what became of it") { id };
        show.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/auto-top-up"), Draw)));
        var off = new Command("off", "end it") { id };
        off.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/auto-top-up/off", new { }), Draw)));
        return new Command("auto-top-up", "keep a deployment funded by itself") { set, show, off };
    }

    private static void Draw(JsonNode t) => Console.Out.WriteLine(t["rule"] is { } rule
        ? string.Create(CultureInfo.InvariantCulture, $"below {rule["belowBlocks"]} blocks, up to {rule["toBlocks"]}; {t["spentInPeriod"]} of {rule["capPerPeriod"]} minor units spent in this period, {t["count"]} deposit(s) tried{((string?)t["problem"]?["detail"] is { } p ? "; last refused: " + p : "")}")
        : "no standing order");
}
