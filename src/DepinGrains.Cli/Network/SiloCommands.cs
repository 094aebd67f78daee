using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Network;

/// <summary><c>depin admin cluster</c>: the processes of the network.</summary>
internal static class SiloCommands
{
    private const long Mebi = 1 << 20;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var top = new Option<int>("--top") { Description = "how many kinds of grains to name", DefaultValueFactory = static _ => 10 };
        var show = new Command("cluster", "silos, their builds and load, grains in memory by kind, gateways and their agents (operators)") { top };
        show.Aliases.Add("silos");
        show.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync($"/v1/network/silos?top={parse.GetValue(top)}"), Draw)));
        return show;
    }

    private static void Draw(JsonNode view)
    {
        Console.Out.WriteLine($"{(string?)view["runtime"]}: {view["activations"]} grains in memory, {view["agents"]} agents connected");
        Session.Draw(
            view["silos"]!.AsArray(),
            ("silo", static s => (string?)s["name"]),
            ("address", static s => (string?)s["address"]),
            ("status", static s => (string?)s["status"]! + ((bool?)s["overloaded"] is true ? ", overloaded" : "")),
            ("version", static s => (string?)s["version"]),
            ("started", static s => When(s["startedAt"])),
            ("heard", static s => When(s["heardAt"])),
            ("grains", static s => s["activations"]?.ToString()),
            ("CPU", static s => s["cpuPercent"] is { } cpu ? $"{cpu} %" : null),
            ("memory", static s => Memory(s["memoryBytes"])),
            ("waiting", static s => s["waiting"]?.ToString()));
        Session.Draw(view["grains"]!.AsArray(), ("kind", static g => (string?)g["kind"]), ("in memory", static g => g["activations"]!.ToString()));
        Session.Draw(
            view["gateways"]!.AsArray(),
            ("gateway", static g => (string?)g["name"]),
            ("address", static g => (string?)g["address"]),
            ("version", static g => (string?)g["version"]),
            ("started", static g => When(g["startedAt"])),
            ("heard", static g => When(g["heardAt"])),
            ("agents", static g => g["agents"]!.ToString()),
            ("CPU", static g => $"{g["cpuPercent"]} %"),
            ("memory", static g => Memory(g["memoryBytes"])));
    }

    private static string? When(JsonNode? at) => at is null ? null : ((DateTimeOffset)at).ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string? Memory(JsonNode? bytes) => bytes is null ? null : string.Create(CultureInfo.InvariantCulture, $"{(long)bytes / Mebi} MiB");
}
