using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Providers;

/// <summary><c>depin node</c>.</summary>
public static class NodeCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var join = new Command("join", "a one-time token for a machine's agent: depin-agent run --token TOKEN");
        join.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync("/v1/providers/join-tokens", new { lifetimeSeconds = 3_600 }),
            static t => Console.Out.WriteLine((string?)t["token"]))));
        var list = new Command("list", "all nodes");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/nodes"),
            ("node", static n => (string?)n["id"]),
            ("provider", static n => (string?)n["provider"]),
            ("status", static n => (string?)n["status"]),
            ("cpu free", static n => $"{(long)n["free"]!["cpuMilli"]! / 1000.0:0.0} of {(long)n["hardware"]!["cpuMilli"]! / 1000.0:0.0}"),
            ("memory free", static n => $"{(long)n["free"]!["memoryBytes"]! >> 20} MiB"),
            ("gpus free", static n => $"{n["free"]!["gpus"]!.AsArray().Count} of {n["hardware"]!["gpus"]!.AsArray().Count}"))));
        var id = new Argument<string>("node");
        var cpu = new Option<int>("--cpu") { Description = "percent, 0 to 1000" };
        var memory = new Option<int>("--memory") { Description = "percent" };
        var storage = new Option<int>("--storage") { Description = "percent" };
        var overcommit = new Command("overcommit", "sell more than the node has; cards are never sold twice") { id, cpu, memory, storage };
        overcommit.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/nodes/{parse.GetValue(id)}/overcommit", new { cpuPercent = parse.GetValue(cpu), memoryPercent = parse.GetValue(memory), storagePercent = parse.GetValue(storage) }),
            static n => Console.Out.WriteLine($"{(string?)n["id"]}: CPU {n["overcommit"]!["cpuPercent"]} %, memory {n["overcommit"]!["memoryPercent"]} %, storage {n["overcommit"]!["storagePercent"]} % more"))));
        return new Command("node", "hardware nodes") { join, list, overcommit, Drain(), Retire() };
    }

    private static Command Drain()
    {
        var id = new Argument<string>("node");
        var off = new Option<bool>("--off") { Description = "offer the node again" };
        var drain = new Command("drain", "take a node off the market; its leases stay") { id, off };
        drain.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/nodes/{Uri.EscapeDataString(parse.GetValue(id)!)}/drain", new { drain = !parse.GetValue(off) }),
            static n => Console.Out.WriteLine($"{(string?)n["id"]}: {(string?)n["status"]}"))));
        return drain;
    }

    private static Command Retire()
    {
        var id = new Argument<string>("node");
        var reason = new Option<string>("--reason") { Description = "why, for people", DefaultValueFactory = static _ => "" };
        var retire = new Command("retire", "take a node out for good; its leases end by their policies, it cannot come back") { id, reason };
        retire.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/nodes/{Uri.EscapeDataString(parse.GetValue(id)!)}/retire", new { reason = parse.GetValue(reason) }),
            static n => Console.Out.WriteLine($"{(string?)n["id"]} is retired; {n["leases"]!.AsArray().Count} lease(s) end"))));
        return retire;
    }
}
