using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Subnets.Weights;

namespace DepinGrains.Cli.Subnets;

/// <summary><c>depin subnet weights</c>: show, set, commit, reveal. Weights are written uid:value with any positive decimals; the largest becomes 65535.</summary>
internal static class SubnetWeightCommands
{
    private static readonly Argument<string[]> Pairs = new("weights") { Description = "uid:value, e.g. 0:0.5 3:1", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<ulong> VersionKey = new("--version-key") { Description = "version of your validator's code" };
    private static readonly Option<string?> Salt = new("--salt") { Description = "numbers 0…65535 with commas, as printed by commit" };

    public static Command Create()
    {
        var uid = new Argument<int>("uid");
        var show = new Command("show", "weights a uid has in force") { SubnetNetworkCommands.Netuid, uid };
        show.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.GetAsync($"/v1/subnets/{parse.GetValue(SubnetNetworkCommands.Netuid)}/neurons/{parse.GetValue(uid)}/weights"),
            static w => Console.Out.WriteLine(string.Join(' ', w["uids"]!.AsArray().Zip(w["values"]!.AsArray(), static (u, v) => $"{u}:{Tao.Share((int)v!)}"))))));
        var set = new Command("set", "set weights") { SubnetNetworkCommands.Netuid, Pairs, SubnetNetworkCommands.Hotkey, VersionKey };
        set.SetAction(static parse => Session.RunAsync(parse, session => SendAsync(session, parse, "", Body(parse))));
        var commit = new Command("commit", "promise weights; prints the salt that reveal needs") { SubnetNetworkCommands.Netuid, Pairs, SubnetNetworkCommands.Hotkey, VersionKey };
        commit.SetAction(static parse => Session.RunAsync(parse, session => CommitAsync(session, parse)));
        var reveal = new Command("reveal", "reveal them in the epoch that commit named") { SubnetNetworkCommands.Netuid, Pairs, SubnetNetworkCommands.Hotkey, VersionKey, Salt };
        reveal.SetAction(static parse => Session.RunAsync(parse, session =>
        {
            var body = Body(parse);
            body["salt"] = new JsonArray([.. Numbers(parse.GetValue(Salt)).Select(static n => (JsonNode)n)]);
            return SendAsync(session, parse, "/reveal", body);
        }));
        return new Command("weights", "weights of validators") { show, set, commit, reveal };
    }

    private static async Task<int> CommitAsync(Session session, ParseResult parse)
    {
        // Without --hotkey the signing key is meant; its name is part of the hash.
        var hotkey = parse.GetValue(SubnetNetworkCommands.Hotkey) ?? session.Hotkey;
        var (uids, values) = Read(parse);
        var salt = Enumerable.Range(0, 8).Select(static _ => (ushort)RandomNumberGenerator.GetInt32(65_536)).ToArray();
        var hash = CommitReveal.HashOf(SHA256.HashData(Encoding.UTF8.GetBytes(hotkey)), (ushort)parse.GetValue(SubnetNetworkCommands.Netuid), uids, values, salt, parse.GetValue(VersionKey));
        var done = await session.PostAsync($"/v1/subnets/{parse.GetValue(SubnetNetworkCommands.Netuid)}/weights/commit", new { hash, hotkey });
        done["salt"] = string.Join(',', salt);
        return session.Show(done, static c => Console.Out.WriteLine($"committed {(string?)c["hash"]} at block {c["block"]}; reveal the same weights in epoch {c["revealEpoch"]} with --salt {(string?)c["salt"]}"));
    }

    private static async Task<int> SendAsync(Session session, ParseResult parse, string path, JsonObject body) => session.Show(
        await session.PostAsync($"/v1/subnets/{parse.GetValue(SubnetNetworkCommands.Netuid)}/weights{path}", body), static w => Console.Out.WriteLine($"uid {w["uid"]} of subnet {w["netuid"]}: {w["weights"]} weights at block {w["block"]}"));

    private static JsonObject Body(ParseResult parse)
    {
        var (uids, values) = Read(parse);
        return new JsonObject
        {
            ["uids"] = new JsonArray([.. uids.Select(static u => (JsonNode)u)]), ["values"] = new JsonArray([.. values.Select(static v => (JsonNode)v)]),
            ["versionKey"] = parse.GetValue(VersionKey), ["hotkey"] = parse.GetValue(SubnetNetworkCommands.Hotkey),
        };
    }

    /// <summary>As the SDK does it: decimals, the largest becomes 65535.</summary>
    private static (ushort[] Uids, ushort[] Values) Read(ParseResult parse)
    {
        var pairs = parse.GetValue(Pairs)!.Select(static text =>
        {
            var parts = text.Split(':');
            return parts.Length == 2 && ushort.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var uid) && decimal.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= 0
                ? (Uid: uid, Value: value)
                : throw new ApiException("cli.weights_invalid", $"'{text}' is no weight; write uid:value, e.g. 3:0.5");
        }).ToArray();
        var most = pairs.Max(static p => p.Value);
        return ([.. pairs.Select(static p => p.Uid)], [.. pairs.Select(p => most == 0 ? (ushort)0 : (ushort)decimal.Round(p.Value / most * 65_535, MidpointRounding.AwayFromZero))]);
    }

    private static IEnumerable<ushort> Numbers(string? text) => (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static n =>
        ushort.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ApiException("cli.salt_invalid", $"'{n}' is no number of a salt; pass what commit printed"));
}
