using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Oracle;

/// <summary><c>depin oracle</c>.</summary>
public static class OracleCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var token = new Argument<string>("token") { Description = "AKT, USDC or a denomination" };
        var usd = new Argument<string>("usd") { Description = "US dollars for one whole token" };
        var prices = new Command("prices", "prices in force, and why a price is not");
        prices.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var answer = await session.GetAsync("/v1/oracle/prices");
            return session.Json ? session.Show(answer, static _ => { }) : session.ShowTable(
                answer["prices"]!.AsArray(),
                ("token", static p => (string?)p["token"]),
                ("usd", static p => (string?)p["usd"] ?? "none in force"),
                ("from", static p => (string?)p["source"]),
                ("at", static p => (string?)p["at"]),
                ("why", static p => (string?)p["problem"]?["detail"]));
        }));
        var history = new Command("history", "posts of a token, newest first") { token };
        history.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync($"/v1/oracle/prices/{Amounts.Denom(parse.GetValue(token)!)}/history"),
            ("when", static p => (string?)p["postedAt"]),
            ("feeder", static p => (string?)p["feeder"]),
            ("usd", static p => (string?)p["usd"]),
            ("in force then", static p => (string?)p["inForce"]))));
        var post = new Command("post", "post a price (registered feeders)") { token, usd };
        post.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync("/v1/oracle/prices", new { token = Amounts.Denom(parse.GetValue(token)!), usd = parse.GetValue(usd) }),
            static p => Console.Out.WriteLine($"{(string?)p["token"]}: {(string?)p["usd"] ?? (string?)p["problem"]?["detail"]}"))));
        return new Command("oracle", "prices of tokens in US dollars") { prices, history, post };
    }
}
