using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Emissions;

/// <summary>What a running network says of its emission.</summary>
internal static class LiveEmission
{
    public static Task<int> RunAsync(System.CommandLine.ParseResult parse, string token, bool history) => Session.RunAsync(parse, async session =>
    {
        var path = "/v1/emissions/" + Uri.EscapeDataString(Amounts.Denom(token));
        return history
            ? session.ShowTable(
                await session.ListAsync(path + "/history"),
                ("when", static p => (string?)p["at"]),
                ("block", static p => p["block"]!.ToString()),
                ("issuance", static p => Amounts.Show((long)p["issuance"]!, "rao")),
                ("a block", static p => Amounts.Show((long)p["perBlock"]!, "rao")),
                ("emitted", static p => Amounts.Show((long)p["emitted"]!, "rao")),
                ("recycled", static p => Amounts.Show((long)p["recycled"]!, "rao")))
            : session.Show(await session.GetAsync(path), Draw);
    });

    private static void Draw(JsonNode e)
    {
        Console.Out.WriteLine($"block         {e["block"]}");
        Console.Out.WriteLine($"issuance      {Amounts.Show((long)e["issuance"]!, "rao")} of {Amounts.Show((long)e["cap"]!, "rao")}");
        Console.Out.WriteLine($"emission      {Amounts.Show((long)e["perBlock"]!, "rao")} a block, {Amounts.Show((long)e["perDay"]!, "rao")} a day, after {e["halvings"]} halvings{((bool)e["latched"]! ? ", latched" : "")}");
        Console.Out.WriteLine($"recycled      {Amounts.Show((long)e["recycled"]!, "rao")} of {Amounts.Show((long)e["emitted"]!, "rao")} emitted");
        if (e["nextHalving"] is { } next)
        {
            foreach (var guess in (string[])["low", "likely", "high"])
            {
                Console.Out.WriteLine($"next halving  {guess,-6} {When(next[guess]!)}");
            }
        }

        foreach (var s in e["subnets"]!.AsArray())
        {
            Console.Out.WriteLine($"subnet {s!["netuid"]}: {Amounts.Show((long)s["perBlock"]!, "rao")} a block, pending {Amounts.Show((long)s["pending"]!, "rao")}");
        }
    }

    private static string When(JsonNode guess) => guess["blocks"] is { } blocks
        ? string.Create(CultureInfo.InvariantCulture, $"in {(long)blocks:N0} blocks ({(string?)guess["at"] ?? "beyond all calendars"}) with {Amounts.Show((long)guess["recycledPerBlock"]!, "rao")} recycled a block")
        : $"never with {Amounts.Show((long)guess["recycledPerBlock"]!, "rao")} recycled of {Amounts.Show((long)guess["issuedPerBlock"]!, "rao")} issued a block";
}
