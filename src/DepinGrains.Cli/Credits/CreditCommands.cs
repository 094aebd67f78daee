using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Credits;

/// <summary><c>depin act</c>: mint ACT for AKT or USDC, and burn it back.</summary>
public static class CreditCommands
{
    private const string Credit = "uact";

    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var vault = new Command("vault", "what was burned, what is outstanding, collateral");
        vault.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var answer = await session.GetAsync($"/v1/credits/{Credit}");
            return session.Json ? session.Show(answer, static _ => { }) : session.ShowTable(
                answer["tokens"]!.AsArray(),
                ("token", static t => (string?)t["token"]),
                ("burned", static t => Amounts.Show((long)t["burned"]!, (string)t["token"]!)),
                ("outstanding", static t => Amounts.Show((long)t["outstanding"]!, Credit)),
                ("collateral", static t => t["collateralBps"] is { } c ? string.Create(CultureInfo.InvariantCulture, $"{(long)c / 100m} %") : "no price"));
        }));
        var list = new Command("list", "your conversions, newest first");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync($"/v1/credits/{Credit}/conversions"),
            ("when", static c => (string?)c["at"]),
            ("given", static c => Amounts.Show((long)c["amount"]!, Given(c))),
            ("got", static c => Amounts.Show((long)c["out"]!, Got(c))),
            ("price", static c => (string?)c["usd"]))));
        return new Command("act", "ACT, credit worth one dollar: mint it for AKT or USDC, burn it back")
        {
            Convert("buy", "burn AKT or USDC, mint ACT", static t => t, quoteOnly: false),
            Convert("sell", "burn ACT, get the token back that it was minted from", static _ => "ACT", quoteOnly: false),
            Quote(),
            vault,
            list,
        };
    }

    private static Command Quote() => new("quote", "what a conversion would give now") { Convert("buy", "AKT or USDC into ACT", static t => t, true), Convert("sell", "ACT into AKT or USDC", static _ => "ACT", true) };

    private static Command Convert(string direction, string description, Func<string, string> given, bool quoteOnly)
    {
        var amount = new Argument<string>("amount") { Description = direction == "buy" ? "how much of the token to burn, whole tokens" : "how much ACT to burn, whole ACT" };
        var token = new Argument<string>("token") { Description = "AKT, USDC or a denomination" };
        var slippage = new Option<decimal>("--max-slippage") { Description = "percent the price may move against you between quote and conversion", DefaultValueFactory = static _ => 1m };
        var least = new Option<string?>("--min-out") { Description = "least you take, whole tokens; instead of --max-slippage" };
        var command = new Command(direction, description) { amount, token };
        if (!quoteOnly)
        {
            command.Add(slippage);
            command.Add(least);
        }

        command.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var name = parse.GetValue(token)!;
            var give = Amounts.Parse(parse.GetValue(amount)!, given(name));
            var quote = await session.GetAsync($"/v1/credits/{Credit}/quote?direction={direction}&token={Uri.EscapeDataString(Amounts.Denom(name))}&amount={give.ToString(CultureInfo.InvariantCulture)}");
            if (quoteOnly)
            {
                return session.Show(quote, static q => Draw(q, "would give"));
            }

            var wanted = parse.GetValue(least) is { } text
                ? Amounts.Parse(text, direction == "buy" ? "ACT" : name)
                : (long)((long)quote["out"]! * Math.Clamp(100m - parse.GetValue(slippage), 0m, 100m) / 100m);
            var done = await session.PostAsync($"/v1/credits/{Credit}/conversions", new { direction, token = Amounts.Denom(name), amount = give, minOut = wanted });
            return session.Show(done, static d => Draw(d, "gave"));
        }));
        return command;
    }

    private static void Draw(JsonNode c, string verb) =>
        Console.Out.WriteLine($"{Amounts.Show((long)c["amount"]!, Given(c))} {verb} {Amounts.Show((long)c["out"]!, Got(c))} at {(string?)c["usd"]} USD");

    private static string Given(JsonNode c) => (string?)c["direction"] == "buy" ? (string)c["token"]! : Credit;

    private static string Got(JsonNode c) => (string?)c["direction"] == "buy" ? Credit : (string)c["token"]!;
}
