using System.CommandLine;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Providers;

/// <summary><c>depin provider</c>.</summary>
public static class ProviderCommands
{
    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var name = new Argument<string>("name");
        var attributes = new Option<string[]>("--attribute") { Description = "key=value, may be repeated" };
        var cpu = new Option<string?>("--cpu-usd") { Description = "US dollars a month per CPU thread" };
        var memory = new Option<string?>("--memory-usd") { Description = "US dollars a month per GB" };
        var gpu = new Option<string[]>("--gpu-usd") { Description = "model[.ram][.interface]=dollars a month, may be repeated" };
        var external = new Option<bool>("--external") { Description = "bid by yourself instead of letting the network bid by your prices" };
        var put = new Command("put", "register as a provider, or replace the profile") { name, attributes, cpu, memory, gpu, external };
        put.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var pricing = parse.GetValue(external) ? null : new { cpuUsd = parse.GetValue(cpu), memoryUsd = parse.GetValue(memory), gpuUsd = Pairs(parse.GetValue(gpu)) };
            var provider = await session.PostAsync("/v1/providers", new { name = parse.GetValue(name), attributes = Pairs(parse.GetValue(attributes)), pricing });
            return session.Show(provider, static p => Console.Out.WriteLine($"{(string?)p["id"]}: {(string?)p["profile"]!["name"]}"));
        }));
        var list = new Command("list", "all providers");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/providers"),
            ("provider", static p => (string?)p["id"]),
            ("name", static p => (string?)p["profile"]!["name"]),
            ("bidding", static p => p["profile"]!["pricing"] is null ? "by itself" : "managed"),
            ("maintenance", static p => (bool)p["maintenance"]! ? "yes" : ""))));
        return new Command("provider", "sell hardware") { put, list };
    }

    private static Dictionary<string, string> Pairs(string[]? pairs) => (pairs ?? []).ToDictionary(
        static p => p.Split('=', 2)[0],
        static p => p.Split('=', 2) is [_, var value] ? value : throw new ApiException("pair.invalid", $"write key=value, not {p}"));
}
