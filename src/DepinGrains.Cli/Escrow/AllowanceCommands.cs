using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Escrow;

/// <summary><c>depin allowance</c>.</summary>
public static class AllowanceCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var grantee = new Argument<string>("grantee") { Description = "who may deposit your money for its deployments" };
        var amount = new Argument<string>("amount") { Description = "limit, whole tokens" };
        var token = new Argument<string>("token") { DefaultValueFactory = static _ => "ACT" };
        var expires = new Option<DateTimeOffset?>("--expires") { Description = "until when, ISO 8601; never when left out" };
        var id = new Argument<string>("id") { Description = "granter/number" };
        var received = new Option<bool>("--received") { Description = "those given to you instead of those you gave" };
        var grant = new Command("grant", "let another identity deposit your money") { grantee, amount, token, expires };
        grant.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var name = parse.GetValue(token)!;
            var body = new { grantee = parse.GetValue(grantee), token = Amounts.Denom(name), limit = Amounts.Parse(parse.GetValue(amount)!, name), expiresAt = parse.GetValue(expires) };
            return session.Show(await session.PostAsync("/v1/allowances", body), static a => Console.Out.WriteLine((string?)a["id"]));
        }));
        var list = new Command("list", "allowances") { received };
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync(parse.GetValue(received) ? "/v1/allowances/received" : "/v1/allowances/given"),
            ("allowance", static a => (string?)a["id"]),
            ("granter", static a => (string?)a["granter"]),
            ("grantee", static a => (string?)a["grantee"]),
            ("left", static a => Amounts.Show((long)a["left"]!, (string)a["token"]!)),
            ("limit", static a => Amounts.Show((long)a["limit"]!, (string)a["token"]!)),
            ("expires", static a => (string?)a["expiresAt"] ?? "never"),
            ("", static a => (bool)a["revoked"]! ? "revoked" : ""))));
        var revoke = new Command("revoke", "take back what was not drawn, or decline what was given to you") { id };
        revoke.SetAction(parse => Session.RunAsync(parse, async session =>
            session.Show(await session.PostAsync($"/v1/allowances/{parse.GetValue(id)}/revoke", new { }), static a => Console.Out.WriteLine($"{(string?)a["id"]}: revoked"))));
        return new Command("allowance", "let others deposit your money for their deployments") { grant, list, revoke };
    }
}
