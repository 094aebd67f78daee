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
        var storage = new Option<string[]>("--storage-usd") { Description = "class=US dollars a month per GB, may be repeated; with any given, classes that are not named cost nothing" };
        var endpoint = new Option<string?>("--endpoint-usd") { Description = "US dollars a month per endpoint, whatever the replicas" };
        var ip = new Option<string?>("--ip-usd") { Description = "US dollars a month per leased address, whatever the replicas" };
        var external = new Option<bool>("--external") { Description = "bid by yourself instead of letting the network bid by your prices" };
        var reclaim = new Option<long>("--reclaim-window") { Description = "seconds of notice (3600 to 2592000) your managed bids offer to orders that ask for one" };
        var scale = new ScaleOptions();
        var put = new Command("put", "register as a provider, or replace the profile") { name, attributes, cpu, memory, storage, endpoint, ip, gpu, external, reclaim };
        scale.AddTo(put);
        put.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var scaled = scale.Read(parse);
            var pricing = parse.GetValue(external) || scaled is not null ? null : new
            {
                cpuUsd = parse.GetValue(cpu),
                memoryUsd = parse.GetValue(memory),
                storageUsd = parse.GetValue(storage) is { Length: > 0 } classes ? Pairs(classes) : null,
                endpointUsd = parse.GetValue(endpoint),
                ipUsd = parse.GetValue(ip),
                gpuUsd = Pairs(parse.GetValue(gpu)),
            };
            var provider = await session.PostAsync("/v1/providers", new { name = parse.GetValue(name), attributes = Pairs(parse.GetValue(attributes)), pricing, scale = scaled, reclaimWindowSeconds = parse.GetValue(reclaim) });
            return session.Show(provider, static p => Console.Out.WriteLine($"{(string?)p["id"]}: {(string?)p["profile"]!["name"]}"));
        }));
        var list = new Command("list", "all providers");
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/providers"),
            ("provider", static p => (string?)p["id"]),
            ("name", static p => (string?)p["profile"]!["name"]),
            ("bidding", static p => p["profile"]!["pricing"] is not null ? "managed, USD" : p["profile"]!["scale"] is not null ? "managed, scale" : "by itself"),
            ("maintenance", static p => (bool)p["maintenance"]! ? "yes" : ""))));
        return new Command("provider", "sell hardware") { put, list, Maintenance(), Sign(), Unsign(), Decline(), Addresses(), Reclaim(), Close(), Delete(), Bidding.ProviderRunCommand.Create() };
    }

    private static Command Maintenance()
    {
        var mode = new Argument<string>("mode") { Description = "on: stop bidding, leases stay; off: bid again" }.AcceptOnlyFromAmong("on", "off");
        var maintenance = new Command("maintenance", "stop bidding for a while") { mode };
        maintenance.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/providers/{session.Identity}/maintenance/{parse.GetValue(mode)}", new { }),
            static p => Console.Out.WriteLine($"{(string?)p["id"]}: maintenance {((bool)p["maintenance"]! ? "on" : "off")}"))));
        return maintenance;
    }

    private static Command Sign()
    {
        var id = new Argument<string>("provider");
        var attributes = new Argument<string[]>("attribute") { Description = "key=value, exactly as the provider declares it", Arity = ArgumentArity.OneOrMore };
        var days = new Option<int?>("--days") { Description = "how long it holds; the network's default is a year" };
        var sign = new Command("sign", "vouch for a provider's attributes (auditors), until they change or it expires") { id, attributes, days };
        sign.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/providers/{Uri.EscapeDataString(parse.GetValue(id)!)}/signatures", new { attributes = Pairs(parse.GetValue(attributes)), validSeconds = parse.GetValue(days) * 86_400L }), DrawSignatures)));
        return sign;
    }

    private static Command Unsign()
    {
        var id = new Argument<string>("provider");
        var names = new Argument<string[]>("name") { Description = "names of attributes; none: all you signed", Arity = ArgumentArity.ZeroOrMore };
        var unsign = new Command("unsign", "withdraw your signatures on a provider's attributes (auditors)") { id, names };
        unsign.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/providers/{Uri.EscapeDataString(parse.GetValue(id)!)}/signatures/withdraw", new { names = parse.GetValue(names) ?? [] }), DrawSignatures)));
        return unsign;
    }

    private static Command Decline()
    {
        var auditor = new Argument<string>("auditor");
        var undo = new Option<bool>("--undo") { Description = "take its signatures again" };
        var decline = new Command("decline", "remove an auditor's signatures on your attributes and take no more of them") { auditor, undo };
        decline.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/providers/{session.Identity}/auditors/{Uri.EscapeDataString(parse.GetValue(auditor)!)}/{(parse.GetValue(undo) ? "accept" : "decline")}", new { }), DrawSignatures)));
        return decline;
    }

    private static void DrawSignatures(System.Text.Json.Nodes.JsonNode provider)
    {
        Console.Out.WriteLine($"{(string?)provider["id"]}:");
        foreach (var signature in provider["signatures"]!.AsArray())
        {
            Console.Out.WriteLine($"  {(string?)signature!["name"]}={(string?)signature["value"]} by {(string?)signature["auditor"]} until {(string?)signature["expiresAt"]}");
        }
    }

    private static Command Addresses()
    {
        var ranges = new Argument<string[]>("range") { Description = "203.0.113.7, 203.0.113.8-203.0.113.15 or 203.0.113.16/28; none empties the pool", Arity = ArgumentArity.ZeroOrMore };
        var set = new Command("set", "the addresses you lease to endpoints of kind ip") { ranges };
        set.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.PostAsync("/v1/providers/addresses", new { ranges = parse.GetValue(ranges) ?? [] }), Draw)));
        var show = new Command("show", "your pool: total, reserved, leased");
        show.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync($"/v1/providers/{session.Identity}/addresses"), Draw)));
        return new Command("addresses", "leased addresses") { set, show };

        static void Draw(System.Text.Json.Nodes.JsonNode pool) =>
            Console.Out.WriteLine($"{(int)pool["total"]!} address(es): {(int)pool["leased"]!} leased, {(int)pool["reserved"]!} held by bids, {(int)pool["free"]!} free");
    }

    private static Command Delete()
    {
        var delete = new Command("delete", "stop being a provider; refused while you have open bids or leases that are not closed");
        delete.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync("/v1/providers/delete", new { }), _ => Console.Out.WriteLine($"{session.Identity}: no longer a provider"))));
        return delete;
    }

    private static Command Reclaim()
    {
        var lease = new Argument<string>("lease") { Description = "owner/dseq/gseq/oseq/provider" };
        var reclaim = new Command("reclaim", "announce that you take a lease's hardware back after the agreed window") { lease };
        reclaim.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var parts = Ids.LeaseParts(parse.GetValue(lease));
            await session.PostAsync($"/v1/deployments/{parts[0]}/{parts[1]}/groups/{parts[2]}/lease/reclaim", new { });
            return session.Show(await session.GetAsync("/v1/leases/" + string.Join('/', parts)), static l => Console.Out.WriteLine($"{(string?)l["id"]}: {(string?)l["status"]} until {(string?)l["reclaimAt"]}"));
        }));
        return reclaim;
    }

    private static Command Close()
    {
        var id = new Argument<string>("bid") { Description = "owner/dseq/gseq/oseq, or a lease's id: the same with your identity behind it" };
        var reason = new Option<int>("--reason")
        {
            Description = "why, 10000 to 19999, kept with the lease: 10000 the workload fails, 10001 the hardware goes, 10002 nothing said, others are your own",
            DefaultValueFactory = static _ => 10_002,
        };
        var close = new Command("close", "take a bid back, or end the lease it won") { id, reason };
        close.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var order = Ids.Order(parse.GetValue(id), session.Identity);
            var deployment = await session.PostAsync($"/v1/deployments/{order[0]}/{order[1]}/groups/{order[2]}/orders/{order[3]}/bids/close", new { reason = parse.GetValue(reason) });
            return session.Show(deployment, _ => Console.Out.WriteLine($"{string.Join('/', order)}/{session.Identity}: closed (reason {parse.GetValue(reason)})"));
        }));
        return close;
    }

    /// <summary>key=value, each key once.</summary>
    internal static Dictionary<string, string> Pairs(string[]? pairs)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs ?? [])
        {
            if (pair.Split('=', 2) is not [{ Length: > 0 } key, var value])
            {
                throw new ApiException("pair.invalid", $"write key=value, not {pair}");
            }

            if (!read.TryAdd(key, value))
            {
                throw new ApiException("pair.repeated", $"{key} is given twice: {read[key]} and {value}");
            }
        }

        return read;
    }
}
