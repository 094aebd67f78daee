using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Subnets;

/// <summary><c>depin subnet root</c>: how each block's emission is shared out.</summary>
internal static class RootCommands
{
    public static Command Create()
    {
        var show = new Command("show", "validators of the root and the shares of subnets");
        show.SetAction(static parse => Session.RunAsync(parse, static async session => session.Show(await session.GetAsync("/v1/root"), static r =>
        {
            Console.Out.WriteLine($"{(string?)r["strategy"]}, computed at block {r["settledBlock"]}");
            foreach (var share in r["shares"]!.AsArray())
            {
                Console.Out.WriteLine($"  subnet {share!["netuid"]}: {((long)share["millionths"]! / 10_000m).ToString("0.####", CultureInfo.InvariantCulture)} %");
            }

            foreach (var member in r["members"]!.AsArray())
            {
                Console.Out.WriteLine($"  {(string?)member!["hotkey"]}: {Tao.Show((long)member["stake"]!)} τ, {member["netuids"]!.AsArray().Count} weights");
            }
        })));
        var register = new Command("register", "a hotkey becomes a root validator") { SubnetNetworkCommands.Hotkey };
        register.SetAction(static parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync("/v1/root/register", new JsonObject { ["hotkey"] = parse.GetValue(SubnetNetworkCommands.Hotkey) }), static m => Console.Out.WriteLine($"{(string?)m["hotkey"]} is a root validator"))));
        var pairs = new Argument<string[]>("weights") { Description = "netuid:value, e.g. 1:1 2:0.5", Arity = ArgumentArity.OneOrMore };
        var weights = new Command("weights", "weigh the subnets") { pairs, SubnetNetworkCommands.Hotkey };
        weights.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var read = parse.GetValue(pairs)!.Select(static text => text.Split(':') is [var netuid, var value] && int.TryParse(netuid, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var v)
                ? (Netuid: n, Value: v)
                : throw new ApiException("cli.weights_invalid", $"'{text}' is no weight; write netuid:value, e.g. 1:0.5")).ToArray();
            var most = Math.Max(read.Max(static p => p.Value), 0.000_000_001m);
            var body = new JsonObject
            {
                ["netuids"] = new JsonArray([.. read.Select(static p => (JsonNode)p.Netuid)]), ["values"] = new JsonArray([.. read.Select(p => (JsonNode)(int)decimal.Round(p.Value / most * 65_535, MidpointRounding.AwayFromZero))]),
                ["hotkey"] = parse.GetValue(SubnetNetworkCommands.Hotkey),
            };
            return session.Show(await session.PostAsync("/v1/root/weights", body), static m => Console.Out.WriteLine($"{(string?)m["hotkey"]} weighs {m["netuids"]!.AsArray().Count} subnets"));
        }));
        return new Command("root", "how each block's emission is shared out") { show, register, weights };
    }
}
