using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Ledgers;

/// <summary><c>depin ledger</c> and <c>depin faucet</c>.</summary>
public static class LedgerCommands
{
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
        var statement = new Command("statement", "your newest movements") { token };
        statement.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            var answer = await session.GetAsync($"/v1/ledgers/{denom}/statement?limit=50");
            return session.Json ? session.Show(answer, static _ => { }) : session.ShowTable(
                answer["lines"]!.AsArray(),
                ("when", static l => (string?)l["at"]),
                ("amount", l => Amounts.Show((long)l["delta"]!, denom)),
                ("balance", l => Amounts.Show((long)l["balanceAfter"]!, denom)),
                ("what", static l => (string?)l["memo"]),
                ("transfer", static l => (string?)l["transferId"]));
        }));
        var verify = new Command("verify", "replay the journal and check that everything adds up; exit code 1 when not") { token };
        verify.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var denom = Amounts.Denom(parse.GetValue(token)!);
            var audit = await session.GetAsync($"/v1/ledgers/{denom}/audit");
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
        return new Command("ledger", "balances, statements, audit") { balance, statement, verify };
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
