using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Staking;

/// <summary><c>depin stake</c>: stake on hotkeys (validators), delegate, take part in rewards.</summary>
public static class StakeCommands
{
    private static readonly Argument<string> Amount = new("amount") { Description = "whole tokens" };
    private static readonly Argument<string> AmountOrAll = new("amount") { Description = "whole tokens, or all" };
    private static readonly Option<string> Token = new("--token") { Description = "TAO, AKT or a denomination", DefaultValueFactory = static _ => "TAO" };
    private static readonly Option<string?> Hotkey = new("--hotkey") { Description = "id_…/key_…; your own key when left out" };

    /// <summary>The commands.</summary>
    public static Command Create() => new("stake", "stake TAO or AKT on a hotkey (validator), your own or a delegate")
    {
        Post("add", "stake on a hotkey", Amount, static (session, parse, amount) => session.PostAsync(Path(session, parse) + "/add", new { amount })),
        Post("remove", "take stake out: at once, AKT after 21 days", AmountOrAll, static (session, parse, amount) => session.PostAsync(Path(session, parse) + "/remove", new { amount })),
        Post("cancel-unbonding", "take stake on its way out back in", Amount, static (session, parse, amount) => session.PostAsync(Path(session, parse) + "/cancel-unbonding", new { amount })),
        Move(),
        List(),
        Delegates(),
        Show(),
        Take(),
        Inflation(),
    };

    private static Command Post(string name, string description, Argument<string> amount, Func<Session, ParseResult, long, Task<JsonNode>> send)
    {
        var command = new Command(name, description) { amount, Hotkey, Token };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await send(session, parse, Minor(parse.GetValue(amount)!, parse.GetValue(Token)!)), Draw)));
        return command;
    }

    private static Command Move()
    {
        var to = new Option<string>("--to") { Description = "the hotkey it goes to, id_…/key_…", Required = true };
        var from = new Option<string?>("--from") { Description = "the hotkey it leaves; your own key when left out" };
        var command = new Command("move", "move stake to another hotkey at once") { AmountOrAll, from, to, Token };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"{Root(parse)}/moves", new
            {
                from = parse.GetValue(from) ?? session.Hotkey,
                to = parse.GetValue(to),
                amount = Minor(parse.GetValue(AmountOrAll)!, parse.GetValue(Token)!),
            }),
            Draw)));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "your stakes") { Token };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await StakesAsync(session, parse),
            ("hotkey", static s => (string?)s["hotkey"]),
            ("stake", static s => Amounts.Show((long)s["stake"]!, (string)s["token"]!)),
            ("earned", static s => s["earned"] is { } earned ? Amounts.Show((long)earned, (string)s["token"]!) : "?"),
            ("owner", static s => (bool)s["isOwner"]! ? "yes" : ""),
            ("held until", static s => (string?)s["heldUntil"]),
            ("leaving", static s => Amounts.Show(s["exits"]!.AsArray().Sum(static e => (long)e!["amount"]!), (string)s["token"]!)),
            ("next free", static s => (string?)s["exits"]!.AsArray().FirstOrDefault()?["freeAt"]))));
        return command;
    }

    /// <summary>What was staked, and what one's miners and validators earned without anybody ever staking on them: emission is paid as stake.</summary>
    private static async Task<JsonArray> StakesAsync(Session session, ParseResult parse)
    {
        var stakes = await session.ListAsync($"{Root(parse)}/stakes");
        if (Amounts.Denom(parse.GetValue(Token)!) != "rao")
        {
            return stakes;
        }

        var known = stakes.Select(static s => (string)s!["hotkey"]!).ToHashSet(StringComparer.Ordinal);
        foreach (var neuron in await session.ListAsync("/v1/neurons?coldkey=" + session.Identity))
        {
            if (known.Add((string)neuron!["hotkey"]!) && await session.GetAsync($"{Root(parse)}/hotkeys/{(string)neuron["hotkey"]!}/stake") is var earned && (long)earned["stake"]! > 0)
            {
                stakes.Add(earned);
            }
        }

        return stakes;
    }

    private static Command Delegates()
    {
        var all = new Option<bool>("--all") { Description = "hotkeys that take no delegation too" };
        var command = new Command("delegates", "hotkeys that take delegation") { Token, all };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync($"{Root(parse)}/hotkeys{(parse.GetValue(all) ? "" : "?delegates=true")}"),
            ("hotkey", static h => (string?)h["hotkey"]),
            ("stake", static h => Amounts.Show((long)h["total"]!, (string)h["token"]!)),
            ("delegated", static h => Amounts.Show((long)h["delegated"]!, (string)h["token"]!)),
            ("nominators", static h => h["delegators"]!.ToString()),
            ("take", static h => Percent((int)h["take"]!)))));
        return command;
    }

    private static Command Show()
    {
        var command = new Command("show", "a hotkey with all its stake") { Hotkey, Token };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync(Path(session, parse)), DrawHotkey)));
        return command;
    }

    private static Command Take()
    {
        var percent = new Argument<decimal?>("percent") { Description = "your part of what the stake earns, before it is split by stake", Arity = ArgumentArity.ZeroOrOne };
        var closed = new Option<bool>("--closed") { Description = "take no further delegation" };
        var command = new Command("take", "make a hotkey of yours a delegate and set its take; e.g. take 9") { percent, closed, Hotkey, Token };
        command.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var wanted = parse.GetValue(percent) is { } p ? (int?)decimal.Floor(Math.Clamp(p, 0m, 100m) * 65_535m / 100m) : null;
            return session.Show(await session.PostAsync(Path(session, parse) + "/terms", new { isDelegate = !parse.GetValue(closed), take = wanted }), DrawHotkey);
        }));
        return command;
    }

    private static Command Inflation()
    {
        var token = new Argument<string>("token") { DefaultValueFactory = static _ => "AKT" };
        var command = new Command("inflation", "inflation for stakers of AKT: rate, next epoch, what was minted") { token };
        command.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.GetAsync($"/v1/staking/{Amounts.Denom(parse.GetValue(token)!)}/inflation"),
            static i => Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(int)i["rateMillionths"]! / 10_000m} % of {Amounts.Show((long)i["supply"]!, (string)i["token"]!)} a year, {(int)i["communityTaxMillionths"]! / 10_000m} % of it to the community pool; epoch {i["nextEpoch"]} is due {(string?)i["nextAt"]}; minted so far {Amounts.Show((long)i["minted"]!, (string)i["token"]!)}")))));
        return command;
    }

    private static string Root(ParseResult parse) => "/v1/staking/" + Amounts.Denom(parse.GetValue(Token)!);

    private static string Path(Session session, ParseResult parse) => $"{Root(parse)}/hotkeys/{parse.GetValue(Hotkey) ?? session.Hotkey}";

    private static long Minor(string amount, string token) => amount == "all" ? 0 : Amounts.Parse(amount, token);

    private static string Percent(int take) => string.Create(CultureInfo.InvariantCulture, $"{take * 100m / 65_535m:0.##} %");

    private static void Draw(JsonNode s)
    {
        var token = (string)s["token"]!;
        Console.Out.WriteLine($"{Amounts.Show((long)s["stake"]!, token)} on {(string?)s["hotkey"]}{(s["earned"] is { } earned && (long)earned > 0 ? $", earned {Amounts.Show((long)earned, token)}" : "")}{((string?)s["heldUntil"] is { } until ? ", held until " + until : "")}");
        foreach (var exit in s["exits"]!.AsArray())
        {
            Console.Out.WriteLine($"  leaving: {Amounts.Show((long)exit!["amount"]!, token)}, free at {(string?)exit["freeAt"]}");
        }
    }

    private static void DrawHotkey(JsonNode h)
    {
        var token = (string)h["token"]!;
        Console.Out.WriteLine(
            $"{(string?)h["hotkey"]}: {Amounts.Show((long)h["total"]!, token)}, of it delegated {Amounts.Show((long)h["delegated"]!, token)} by {h["delegators"]}; take {Percent((int)h["take"]!)}, {((bool)h["isDelegate"]! ? "takes delegation" : "takes no delegation")}");
    }
}
