using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Ledgers;

/// <summary><c>depin ledger</c> and <c>depin faucet</c>.</summary>
public static class LedgerCommands
{
    private const int PageMax = 200;

    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var token = new Argument<string>("token") { Description = "ACT, AKT, USDC or a denomination", DefaultValueFactory = static _ => "ACT" };
        var balance = new Command("balance", "what you have") { token };
        balance.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            var answer = await session.GetAsync($"/v1/ledgers/{denom}/balance");
            return session.Show(answer, a => Console.Out.WriteLine(
                $"{Amounts.Show((long)a["posted"]!, denom)}, of it held {Amounts.Show((long)a["held"]!, denom)}, available {Amounts.Show((long)a["available"]!, denom)}"));
        }));
        var lines = new Option<int>("--lines", "-n") { Description = "newest lines to show", DefaultValueFactory = static _ => 50 };
        var statement = new Command("statement", "your movements, newest first") { token, lines };
        statement.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            var answer = await StatementAsync(session, denom, parse.GetValue(lines));
            return session.Json ? session.Show(answer, static _ => { }) : session.ShowTable(
                answer["lines"]!.AsArray(),
                ("when", static l => (string?)l["at"]),
                ("amount", l => Amounts.Show((long)l["delta"]!, denom)),
                ("balance", l => Amounts.Show((long)l["balanceAfter"]!, denom)),
                ("what", static l => (string?)l["memo"]),
                ("transfer", static l => (string?)l["transferId"]));
        }));
        var amount = new Argument<string>("amount") { Description = "whole tokens, or minor units of a denomination" };
        var of = new Argument<string>("token") { Description = "ACT, AKT, USDC or a denomination" };
        var to = new Argument<string>("to") { Description = "identity (id_…)" };
        var memo = new Option<string>("--memo") { Description = "what it is for; both sides see it", DefaultValueFactory = static _ => "" };
        var transfer = new Command("transfer", "send money to another identity, e.g. transfer 2.5 ACT id_…") { amount, of, to, memo };
        transfer.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(of)!);
            var sent = await session.PostAsync($"/v1/ledgers/{denom}/transfers", new { to = parse.GetValue(to), amount = Amounts.Parse(parse.GetValue(amount)!, parse.GetValue(of)!), memo = parse.GetValue(memo) });
            return session.Show(sent, r => Console.Out.WriteLine($"sent, transfer {(string?)r["id"]}"));
        }));
        var verify = new Command("verify", "replay the journal and check that everything adds up; exit code 1 when not") { token };
        verify.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            var audit = await session.GetAsMemberAsync($"/v1/ledgers/{denom}/audit");
            session.Show(audit, a =>
            {
                Console.Out.WriteLine($"{denom}: {((bool)a["isClean"]! ? "clean" : "NOT CLEAN")} at sequence {(long)a["sequence"]!}: {(long)a["accounts"]!} accounts, {(long)a["transfers"]!} transfers, supply {Amounts.Show((long)a["supply"]!, denom)}, {(long)a["openHolds"]!} open holds");
                foreach (var problem in a["problems"]!.AsArray())
                {
                    Console.Out.WriteLine("  " + (string?)problem);
                }
            });
            return (bool)audit["isClean"]! ? 0 : 1;
        }));
        return new Command("ledger", "balances, statements, transfers, audit") { balance, statement, transfer, verify };
    }

    /// <summary>The newest lines, page after page; what is more is said by <c>nextCursor</c>.</summary>
    private static async Task<JsonNode> StatementAsync(Session session, string denom, int wanted)
    {
        JsonNode? whole = null;
        for (string? cursor = null; ;)
        {
            var limit = Math.Clamp(wanted - (whole?["lines"]!.AsArray().Count ?? 0), 1, PageMax);
            var page = await session.GetAsync($"/v1/ledgers/{denom}/statement?limit={limit}" + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor)));
            cursor = (string?)page["nextCursor"];
            if (whole is null)
            {
                whole = page;
            }
            else
            {
                foreach (var line in page["lines"]!.AsArray())
                {
                    whole["lines"]!.AsArray().Add(line!.DeepClone());
                }

                whole["nextCursor"] = cursor;
            }

            if (cursor is null || whole["lines"]!.AsArray().Count >= wanted)
            {
                return whole;
            }
        }
    }

    /// <summary><c>depin faucet 100 ACT</c>.</summary>
    public static Command CreateFaucet()
    {
        var amount = new Argument<string>("amount");
        var token = new Argument<string>("token") { DefaultValueFactory = static _ => "ACT" };
        var faucet = new Command("faucet", "money for trying things out, e.g. faucet 100 ACT") { amount, token };
        faucet.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            await session.PostAsync($"/v1/ledgers/{denom}/faucet", new { amount = Amounts.Parse(parse.GetValue(amount)!, parse.GetValue(token)!) });
            var balance = await session.GetAsync($"/v1/ledgers/{denom}/balance");
            return session.Show(balance, b => Console.Out.WriteLine($"you have {Amounts.Show((long)b["available"]!, denom)}"));
        }));
        return faucet;
    }
}
