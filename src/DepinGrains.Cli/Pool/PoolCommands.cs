using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Pool;

/// <summary><c>depin pool</c>: the community pool and operators' proposals.</summary>
public static class PoolCommands
{
    private static readonly Argument<string> Amount = new("amount") { Description = "whole tokens" };
    private static readonly Argument<string> Token = new("token") { Description = "AKT, ACT, USDC or a denomination" };
    private static readonly Argument<string> To = new("to") { Description = "identity" };
    private static readonly Argument<string> Id = new("id");
    private static readonly Option<string> Summary = new("--summary") { Description = "why, for people", DefaultValueFactory = static _ => "proposed with depin" };
    private static readonly Option<int> Parts = new("--instalments") { DefaultValueFactory = static _ => 1 };
    private static readonly Option<long> Every = new("--every") { Description = "seconds between instalments", DefaultValueFactory = static _ => 86_400 };

    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var show = new Command("show", "what is in the pool");
        show.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            (await session.GetAsync("/v1/pool")).AsArray(), ("token", static b => (string?)b["token"]), ("amount", static b => Amounts.Show((long)b["amount"]!, (string)b["token"]!)))));
        var list = new Command("proposals", "proposals, newest first");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/pool/proposals"),
            ("proposal", static p => (string?)p["id"]),
            ("status", static p => (string?)p["status"]),
            ("what", static p => What(p["body"]!)),
            ("approvals", static p => $"{p["approvals"]!.AsArray().Count} of {p["approvalsNeeded"]}"),
            ("executes", static p => (string?)p["executeAt"]),
            ("problem", static p => (string?)p["problem"]?["detail"]))));
        return new Command("pool", "the community pool") { show, list, Propose(), Act("approve", "approve a proposal"), Act("cancel", "cancel a proposal before it executes") };
    }

    private static Command Propose()
    {
        var name = new Argument<string>("name") { Description = "parameter, e.g. take_fee.uakt" };
        var value = new Argument<long>("value");
        var at = new Option<DateTimeOffset?>("--at") { Description = "from when, ISO 8601; at execution when left out" };
        var fund = new Command("fund", "pay an identity") { To, Amount, Token, Summary };
        fund.SetAction(parse => Send(parse, new JsonObject { ["kind"] = "fund", ["to"] = parse.GetValue(To) }, money: true));
        var incentive = new Command("incentive", "pay a provider or validator, at once or in instalments") { To, Amount, Token, Parts, Every, Summary };
        incentive.SetAction(parse => Send(parse, new JsonObject { ["kind"] = "incentive", ["to"] = parse.GetValue(To), ["instalments"] = parse.GetValue(Parts), ["everySeconds"] = parse.GetValue(Every) }, money: true));
        var burn = new Command("burn", "take money out of the supply") { Amount, Token, Summary };
        burn.SetAction(parse => Send(parse, new JsonObject { ["kind"] = "burn" }, money: true));
        var parameter = new Command("parameter", "change a network parameter") { name, value, at, Summary };
        parameter.SetAction(parse => Send(parse, new JsonObject { ["kind"] = "parameter", ["parameter"] = parse.GetValue(name), ["value"] = parse.GetValue(value), ["effectiveAt"] = parse.GetValue(at) }, money: false));
        return new Command("propose", "propose what to do (operators)") { fund, incentive, burn, parameter };
    }

    private static Task<int> Send(ParseResult parse, JsonObject body, bool money) => Session.RunAsync(parse, async session =>
    {
        body["summary"] = parse.GetValue(Summary);
        if (money)
        {
            body["token"] = Amounts.Denom(parse.GetValue(Token)!);
            body["amount"] = Amounts.Parse(parse.GetValue(Amount)!, parse.GetValue(Token)!);
        }

        return session.Show(await session.PostAsync("/v1/pool/proposals", body), Draw);
    });

    private static Command Act(string verb, string description)
    {
        var command = new Command(verb, description) { Id };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.PostAsync($"/v1/pool/proposals/{parse.GetValue(Id)}/{verb}", new { }), Draw)));
        return command;
    }

    private static void Draw(JsonNode p) => Console.Out.WriteLine(
        $"{(string?)p["id"]}: {(string?)p["status"]}, {p["approvals"]!.AsArray().Count} of {p["approvalsNeeded"]} approvals{((string?)p["executeAt"] is { } at ? ", executes at " + at : "")}");

    private static string What(JsonNode b) => (string?)b["kind"] == "parameter"
        ? $"{(string?)b["parameter"]} = {b["value"]}"
        : $"{(string?)b["kind"]} {Amounts.Show((long)b["amount"]!, (string)b["token"]!)} {(string?)b["to"]}".TrimEnd();
}
