using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Deployments;

/// <summary><c>depin deployment</c>.</summary>
public static class DeploymentCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "owner/dseq" };
        var file = new Argument<string>("file") { Description = "SDL file" };
        var gseq = new Option<int>("--group") { DefaultValueFactory = static _ => 1 };
        var list = new Command("list", "your deployments, newest first");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/deployments"),
            ("deployment", static d => (string?)d["id"]),
            ("status", static d => (string?)d["status"]),
            ("created", static d => (string?)d["createdAt"]),
            ("leases", static d => string.Join(", ", d["leases"]!.AsArray().Select(static l => (string?)l))))));
        var show = new Command("show", "groups, orders and bids of a deployment, with its money") { id };
        show.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var answer = new JsonObject { ["deployment"] = (await session.GetAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}")).DeepClone(), ["escrow"] = (await session.GetAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/escrow")).DeepClone() };
            return session.Show(answer, Draw);
        }));
        var pause = new Command("pause", "pause a group") { id, gseq };
        pause.SetAction(parse => Act(parse, s => s.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/groups/{parse.GetValue(gseq)}/pause", new { })));
        var start = new Command("start", "start a group: a new order") { id, gseq };
        start.SetAction(parse => Act(parse, s => s.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/groups/{parse.GetValue(gseq)}/start", new { })));
        var closeGroup = new Command("close-group", "close one group; the others go on") { id, gseq };
        closeGroup.SetAction(parse => Act(parse, s => s.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/groups/{parse.GetValue(gseq)}/close", new { })));
        var version = new Option<string?>("--if-version") { Description = "refuse when the deployment changed since this version of it" };
        var update = new Command("update", "replace images, commands and env by those of an SDL file; resources and prices must be as they were") { id, file, version };
        update.SetAction(parse => Act(parse, async s => await s.ChangeAsync(
            HttpMethod.Put, $"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/manifest", new { sdl = await TextFile.ReadAsync(parse.GetValue(file)) }, parse.GetValue(version))));
        return new Command("deployment", "your deployments") { list, show, update, CreateClose(), CreateDeposit(), pause, start, closeGroup, TopUpCommands.Create() };
    }

    /// <summary><c>close</c>, of deployments and by itself.</summary>
    public static Command CreateClose()
    {
        var id = new Argument<string>("id") { Description = "owner/dseq" };
        var reason = Reason();
        var close = new Command("close", "close everything of a deployment, refund the rest") { id, reason };
        close.SetAction(parse => Act(parse, s => s.PostAsync($"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/close", new { reason = parse.GetValue(reason) })));
        return close;
    }

    /// <summary><c>deposit</c>, of deployments and by itself.</summary>
    public static Command CreateDeposit()
    {
        var id = new Argument<string>("id") { Description = "owner/dseq, anybody's: what is left of your part comes back to you" };
        var amount = new Argument<string>("amount") { Description = "whole tokens of the deployment's currency" };
        var from = From();
        var deposit = new Command("deposit", "add money to a deployment; one that waits for it goes on") { id, amount, from };
        deposit.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync(
                $"/v1/deployments/{Ids.Deployment(parse.GetValue(id))}/deposits",
                new { amount = Amounts.ParseWhole(parse.GetValue(amount)!, await CurrencyAsync(session, parse.GetValue(id))), from = parse.GetValue(from) }),
            static e => Console.Out.WriteLine($"{Amounts.Show((long)e["funds"]!, (string)e["currency"]!)} in escrow, cost so far {Amounts.Show((long)e["costSoFar"]!, (string)e["currency"]!)}"))));
        return deposit;
    }

    /// <summary>The denomination a deployment is paid in. Its escrow shows itself to its owner alone, its orders to everybody; one that never opened has none.</summary>
    internal static async Task<string> CurrencyAsync(Session session, string? id)
    {
        var deployment = Ids.Deployment(id);
        var orders = (await session.GetAsync($"/v1/orders?limit=1&deployment={Uri.EscapeDataString(Uri.UnescapeDataString(deployment))}"))["items"]!.AsArray();
        return (string)(orders.Count > 0 ? orders[0]!["denom"] : (await session.GetAsync($"/v1/deployments/{deployment}/escrow"))["currency"])!;
    }

    internal static Option<string> From() => new("--from") { Description = "money for the deposit: balance, grants (allowances given to you), balance_then_grants or grants_then_balance", DefaultValueFactory = static _ => "balance" };

    internal static Option<int> Reason() => new("--reason") { Description = "why, a number of your own from 2 to 9999, kept with the lease; 1 says nothing", DefaultValueFactory = static _ => 1 };

    internal static Task<int> Act(ParseResult parse, Func<Session, Task<JsonNode>> act) =>
        Session.RunAsync(parse, async session => session.Show(await act(session), static d => Console.Out.WriteLine($"{(string?)d["id"]}: {(string?)d["status"]}")));

    private static void Draw(JsonNode answer)
    {
        var (d, e) = (answer["deployment"]!, answer["escrow"]!);
        var denom = (string)e["currency"]!;
        Console.Out.WriteLine($"{(string?)d["id"]}: {(string?)d["status"]}");
        Console.Out.WriteLine($"  escrow {(string?)e["status"]}: {Amounts.Show((long)e["funds"]!, denom)} left, cost so far {Amounts.Show((long)e["costSoFar"]!, denom)}, {(string?)e["ratePerBlock"]} {denom} a block, {(e["runsOutAt"] is { } end ? $"paid until {(string?)end} (block {e["runOutHeight"]}, now {e["height"]})" : "nothing is being paid")}");
        foreach (var group in d["groups"]!.AsArray())
        {
            var order = group!["order"]!;
            Console.Out.WriteLine($"  group {group["gseq"]} {(string?)group["status"]}: order {(string?)order["id"]} {(string?)order["status"]}, ceiling {(string?)order["ceiling"]} {denom}");
            if ((string?)order["problem"]?["detail"] is { } problem)
            {
                Console.Out.WriteLine($"    {problem}");
            }

            foreach (var bid in order["bids"]!.AsArray())
            {
                Console.Out.WriteLine($"    bid {(string?)bid!["provider"]} {(string?)bid["status"]} {(string?)bid["price"]} {denom}");
            }
        }
    }
}
