using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Network;

/// <summary><c>depin admin</c>: what operators of the network do.</summary>
public static class AdminCommands
{
    /// <summary>The commands.</summary>
    public static Command Create() => new("admin", "run the network: silos and gateways, parameters, the market, nodes, money, export, price feeders, roles (operators)")
    {
        SiloCommands.Create(),
        Parameters(),
        OperationCommands.Market(),
        OperationCommands.Node(),
        OperationCommands.Issue(),
        OperationCommands.Issues(),
        ExportCommand.Create(),
        Feeders(),
        Roles(),
        Confirm(),
    };

    private static Command Parameters()
    {
        var name = new Argument<string>("name") { Description = "e.g. take_fee.uakt" };
        var value = new Argument<long>("value") { Description = "in the parameter's unit" };
        var at = new Option<DateTimeOffset?>("--at") { Description = "from when, ISO 8601; as soon as possible when left out" };
        var only = new Option<string?>("--name") { Description = "one parameter only" };
        var list = new Command("list", "every parameter, its value now and changes to come");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            (await session.GetAsync("/v1/network/parameters")).AsArray(),
            ("name", static p => (string?)p["name"]),
            ("value", static p => p["value"]!.ToString()),
            ("unit", static p => (string?)p["unit"]),
            ("to come", static p => string.Join(", ", p["upcoming"]!.AsArray().Select(static u => $"{u!["value"]} from {(string?)u["effectiveAt"]}"))),
            ("what it is", static p => (string?)p["summary"]))));
        var set = new Command("set", "set a parameter") { name, value, at };
        set.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync("/v1/network/parameters", new { name = parse.GetValue(name), value = parse.GetValue(value), effectiveAt = parse.GetValue(at) }),
            static c => Console.Out.WriteLine($"{(string?)c["name"]} = {c["value"]} from {(string?)c["effectiveAt"]}"))));
        var history = new Command("history", "changes, newest effective time first") { only };
        history.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/network/parameters/history" + (parse.GetValue(only) is { } one ? "?name=" + Uri.EscapeDataString(one) : "")),
            ("effective", static c => (string?)c["effectiveAt"]),
            ("name", static c => (string?)c["name"]),
            ("value", static c => c["value"]!.ToString()),
            ("set", static c => (string?)c["setAt"]),
            ("by", static c => (string?)c["by"]),
            ("proposal", static c => (string?)c["cause"]))));
        return new Command("params", "network parameters") { list, set, history };
    }

    private static Command Feeders()
    {
        var identity = new Argument<string>("identity");
        var add = new Command("add", "let an identity post prices") { identity };
        add.SetAction(parse => SetFeeder(parse, parse.GetValue(identity)!, true));
        var remove = new Command("remove", "no longer") { identity };
        remove.SetAction(parse => SetFeeder(parse, parse.GetValue(identity)!, false));
        return new Command("feeders", "who may post prices") { add, remove };
    }

    private static Command Roles()
    {
        var identity = new Argument<string>("identity");
        var roles = new Argument<string[]>("roles") { Description = "all it has from now on: tenant, provider, auditor, operator, gateway (one of the network's gateways: opens tunnels to miners, nothing else); none: shows them", Arity = ArgumentArity.ZeroOrMore };
        var set = new Command("roles", "what an identity may be") { identity, roles };
        set.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var path = "/v1/identities/" + Uri.EscapeDataString(parse.GetValue(identity)!);
            var answer = parse.GetValue(roles) is { Length: > 0 } named ? await session.ChangeAsync(HttpMethod.Put, path + "/roles", new { roles = named }) : await session.GetAsync(path);
            return session.Show(answer, a => Console.Out.WriteLine($"{parse.GetValue(identity)}: {string.Join(", ", a["roles"]!.AsArray().Select(static r => (string?)r))}"));
        }));
        return set;
    }

    private static Command Confirm()
    {
        var token = new Argument<string>("token");
        var usd = new Argument<string>("usd") { Description = "the price you believe, US dollars for one whole token; refused when feeders say another by now" };
        var confirm = new Command("confirm-price", "confirm a price that moved more than is believed at once") { token, usd };
        confirm.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/oracle/prices/{Amounts.Denom(parse.GetValue(token)!)}/confirm", new { usd = parse.GetValue(usd) }),
            static p => Console.Out.WriteLine($"{(string?)p["token"]}: {(string?)p["usd"]}"))));
        return confirm;
    }

    private static Task<int> SetFeeder(ParseResult parse, string identity, bool registered) => Session.RunAsync(parse, async session => session.Show(
        await session.PostAsync("/v1/oracle/feeders", new { identity, registered }),
        static o => Console.Out.WriteLine(string.Join('\n', o["feeders"]!.AsArray().Select(static f => (string?)f)))));
}
