using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Subnets;

/// <summary><c>depin subnet</c> against a network: list, create, register, metagraph, hyperparameters; columns as in <c>btcli</c>.</summary>
internal static class SubnetNetworkCommands
{
    internal static readonly Argument<int> Netuid = new("netuid") { Description = "the subnet's number" };
    internal static readonly Option<string?> Hotkey = new("--hotkey") { Description = "a key of your identity, id_…/key_…; the key you sign with when left out" };

    public static IEnumerable<Command> Create() => [List(), Show(), Open(), LockCost(), Price(), Register(), Metagraph(), Miners(), Neurons(), Epochs(), Hyperparameters(), Set(), Axon(), SubnetWeightCommands.Create(), RootCommands.Create()];

    private static Command List()
    {
        var list = new Command("list", "subnets by number");
        list.SetAction(static parse => Session.RunAsync(parse, static async session => session.ShowTable(
            await session.ListAsync("/v1/subnets"),
            ("NETUID", static s => (string?)s["netuid"]!.ToString()),
            ("NAME", static s => (string?)s["name"]),
            ("TASK", static s => (string?)s["task"]),
            ("STATUS", static s => (string?)s["status"]),
            ("N", static s => $"{s["uids"]}/{s["hyperparameters"]!["maxAllowedUids"]}"),
            ("EPOCH", static s => s["epoch"]!.ToString()),
            ("EMISSION(τ)", static s => Tao.Show((long)s["lastEmission"]!)),
            ("TEMPO", static s => s["hyperparameters"]!["tempo"]!.ToString()),
            ("RECYCLE(τ)", static s => Tao.Show((long)s["registrationPrice"]!)),
            ("OWNER", static s => (string?)s["owner"]))));
        return list;
    }

    private static Command Show()
    {
        var show = new Command("show", "one subnet") { Netuid };
        show.SetAction(static parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync($"/v1/subnets/{parse.GetValue(Netuid)}"), static s =>
        {
            Console.Out.WriteLine($"subnet {s["netuid"]} {(string?)s["name"]} ({(string?)s["task"]}, {(string?)s["status"]}) of {(string?)s["owner"]}");
            Console.Out.WriteLine($"block {s["block"]}, epoch {s["epoch"]} ends at block {s["nextEpochBlock"]}, {s["uids"]} uids");
            Console.Out.WriteLine($"a uid costs {Tao.Show((long)s["registrationPrice"]!)} τ; recycled {Tao.Show((long)s["recycled"]!)} τ, emitted {Tao.Show((long)s["emitted"]!)} τ");
        })));
        return show;
    }

    private static Command Open()
    {
        var name = new Argument<string>("name");
        var task = new Option<string>("--task") { Description = "text, image, search or deterministic", DefaultValueFactory = static _ => "text" };
        var most = new Option<string?>("--max-lock") { Description = Most("lock") };
        var create = new Command("create", "open a subnet; its lock comes back when it ends") { name, task, most };
        create.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var bound = await PriceBound.OfAsync(session, parse, most, "/v1/subnets/lock-cost", "lock");
            return session.Show(
                await bound.PayAsync(() => session.PostAsync("/v1/subnets", new JsonObject { ["name"] = parse.GetValue(name), ["task"] = parse.GetValue(task), ["maxLock"] = bound.Most })),
                static s => Console.Out.WriteLine($"subnet {s["netuid"]} is open; its first epoch ends at block {s["nextEpochBlock"]}"));
        }));
        return create;
    }

    private static Command LockCost()
    {
        var cost = new Command("lock-cost", "what a new subnet locks now");
        cost.SetAction(static parse => Session.RunAsync(parse, static async session => session.Show(await session.GetAsync("/v1/subnets/lock-cost"), static c => Console.Out.WriteLine(
            $"{Tao.Show((long)c["lock"]!)} τ at block {c["block"]}; {c["subnets"]} of {c["limit"]} subnets{(c["replaces"] is { } old ? $", {old} would make room" : "")}; the next may be created from block {c["nextBlock"]} on"))));
        return cost;
    }

    private static Command Price()
    {
        var price = new Command("price", "what a uid costs now") { Netuid };
        price.SetAction(static parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync($"/v1/subnets/{parse.GetValue(Netuid)}/price"), static q => Console.Out.WriteLine(
            $"{Tao.Show((long)q["price"]!)} τ at block {q["block"]}{(q["maxPerInterval"] is { } max ? $"; {q["thisInterval"]} of {max} registrations of this interval, it moves at block {q["nextAdjustmentBlock"]}" : "")}{((bool)q["full"]! ? "; full: a newcomer replaces the weakest" : "")}"))));
        return price;
    }

    private static Command Register()
    {
        var most = new Option<string?>("--max-price") { Description = Most("recycle") };
        var node = new Option<string?>("--node") { Description = "your node the miner runs on, where the subnet asks for hardware; its agent does the subnet's benchmark" };
        var register = new Command("register", "register a hotkey: the price is recycled") { Netuid, Hotkey, most, node };
        register.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var bound = await PriceBound.OfAsync(session, parse, most, $"/v1/subnets/{parse.GetValue(Netuid)}/price", "price");
            var body = new JsonObject { ["maxPrice"] = bound.Most };
            if (parse.GetValue(Hotkey) is { } hotkey)
            {
                body["hotkey"] = hotkey;
            }

            if (parse.GetValue(node) is { } machine)
            {
                body["node"] = machine;
                await NodeBenchmark.RunAsync(session, parse.GetValue(Netuid), machine, body);
            }

            return session.Show(await bound.PayAsync(() => session.PostAsync($"/v1/subnets/{parse.GetValue(Netuid)}/register", body)), static r => Console.Out.WriteLine(
                $"uid {r["uid"]} of subnet {r["netuid"]} for {Tao.Show((long)r["price"]!)} τ at block {r["block"]}{((string?)r["replaced"] is { } old ? $"; {old} lost it" : "")}"));
        }));
        return register;
    }

    private static Command Metagraph()
    {
        var metagraph = new Command("metagraph", "all uids with their numbers") { Netuid };
        metagraph.SetAction(static parse => Session.RunAsync(parse, async session =>
        {
            var graph = await session.GetAsync($"/v1/subnets/{parse.GetValue(Netuid)}/metagraph");
            if (session.Json)
            {
                return session.Show(graph, static _ => { });
            }

            var price = await session.GetAsync($"/v1/subnets/{parse.GetValue(Netuid)}");
            Console.Out.WriteLine($"Metagraph: net {graph["netuid"]} block {graph["block"]} epoch {graph["epoch"]} N {graph["n"]}/{graph["maxUids"]} stake {Tao.Show((long)graph["totalStake"]!)} τ recycle {Tao.Show((long)price["registrationPrice"]!)} τ");
            return session.ShowTable(Rows(graph), MetagraphColumns);
        }));
        return metagraph;
    }

    private static readonly (string Title, Func<JsonNode, string?> Cell)[] MetagraphColumns =
    [
        ("UID", static r => r["uid"]!.ToString()),
        ("STAKE(τ)", static r => Tao.Show((long)r["stake"]!)),
        ("RANK", static r => Tao.Share((int)r["rank"]!)),
        ("TRUST", static r => Tao.Share((int)r["trust"]!)),
        ("CONSENSUS", static r => Tao.Share((int)r["consensus"]!)),
        ("INCENTIVE", static r => Tao.Share((int)r["incentive"]!)),
        ("DIVIDENDS", static r => Tao.Share((int)r["dividends"]!)),
        ("EMISSION(ρ)", static r => ((long)r["emission"]!).ToString("N0", CultureInfo.InvariantCulture)),
        ("VTRUST", static r => Tao.Share((int)r["validatorTrust"]!)),
        ("VAL", static r => (bool)r["validatorPermit"]! ? "*" : ""),
        ("UPDATED", static r => r["updated"]!.ToString()),
        ("ACTIVE", static r => (bool)r["active"]! ? "1" : "0"),
        ("AXON", static r => (string?)r["axons"]?["endpoint"] ?? "none"),
        ("HOTKEY", static r => Short((string)r["hotkeys"]!)),
        ("COLDKEY", static r => Short((string)r["coldkeys"]!)),
    ];

    /// <summary>Columns turned into rows; uids that nobody has are left out.</summary>
    private static JsonArray Rows(JsonNode graph)
    {
        var rows = new JsonArray();
        for (var uid = 0; uid < (int)graph["n"]!; uid++)
        {
            if ((string)graph["hotkeys"]![uid]! == "")
            {
                continue;
            }

            var row = new JsonObject { ["uid"] = uid, ["updated"] = (long)graph["block"]! - (long)graph["lastUpdate"]![uid]! };
            foreach (var (name, column) in graph.AsObject())
            {
                if (column is JsonArray { Count: > 0 } values)
                {
                    row[name] = values[uid]?.DeepClone();
                }
            }

            rows.Add(row);
        }

        return rows;
    }

    private static Command Miners()
    {
        var miners = new Command("miners", "how miners served the gateways' callers: the last day, and all requests since registration") { Netuid };
        miners.SetAction(static parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync($"/v1/subnets/{parse.GetValue(Netuid)}/miners", 4_096),
            ("UID", static m => m["uid"]!.ToString()), ("REQUESTS", static m => m["day"]!["requests"]!.ToString()), ("ANSWERED", static m => m["day"]!["answers"]!.ToString()),
            ("FAILED", static m => m["day"]!["failures"]!.ToString()), ("BUSY", static m => m["day"]!["busy"]!.ToString()), ("TOKENS", static m => ((long)m["day"]!["promptTokens"]! + (long)m["day"]!["completionTokens"]!).ToString("N0", CultureInfo.InvariantCulture)),
            ("FIRST TOKEN", static m => m["day"]!["firstTokenMilliseconds"] is { } ms ? $"{ms} ms" : ""), ("P95", static m => m["day"]!["firstTokenP95"] is { } p95 ? $"≤ {p95} ms" : ""),
            ("SINCE START", static m => m["total"]!["requests"]!.ToString()), ("LAST FAILURE", static m => (string?)m["lastFailure"] is { } why ? $"{why} {(string?)m["lastFailureAt"]}" : ""), ("HOTKEY", static m => Short((string)m["hotkey"]!)))));
        return miners;
    }

    private static Command Neurons()
    {
        var mine = new Command("neurons", "your uids in all subnets");
        mine.SetAction(static parse => Session.RunAsync(parse, static async session => session.ShowTable(
            await session.ListAsync("/v1/neurons?coldkey=" + session.Identity),
            ("NETUID", static n => n["netuid"]!.ToString()), ("UID", static n => n["uid"]!.ToString()), ("HOTKEY", static n => (string?)n["hotkey"]), ("REGISTERED", static n => n["registeredAt"]!.ToString()), ("NODE", static n => (string?)n["node"]))));
        return mine;
    }

    private static Command Epochs()
    {
        var epochs = new Command("epochs", "epochs, newest first") { Netuid };
        epochs.SetAction(static parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync($"/v1/subnets/{parse.GetValue(Netuid)}/epochs", 200),
            ("EPOCH", static e => e["epoch"]!.ToString()), ("BLOCK", static e => e["block"]!.ToString()), ("DRAWN(τ)", static e => Tao.Show((long)e["drawn"]!)), ("OWNER(τ)", static e => Tao.Show((long)e["ownerCut"]!)),
            ("PAID(τ)", static e => Tao.Show((long)e["paid"]!)), ("DUST(ρ)", static e => e["dust"]!.ToString()), ("RECYCLED(τ)", static e => Tao.Show((long)e["recycled"]!)), ("PRICE(τ)", static e => Tao.Show((long)e["price"]!)),
            ("UIDS", static e => e["uids"]!.ToString()), ("VAL", static e => e["validators"]!.ToString()), ("SWEPT", static e => e["swept"]!.ToString()))));
        return epochs;
    }

    private static Command Hyperparameters()
    {
        var show = new Command("hyperparameters", "hyperparameters with their ranges") { Netuid };
        show.SetAction(static parse => Session.RunAsync(parse, async session => session.ShowTable(
            (await session.GetAsync($"/v1/subnets/{parse.GetValue(Netuid)}/hyperparameters")).AsArray(),
            ("HYPERPARAMETER", static h => (string?)h["name"]), ("VALUE", static h => (string?)h["value"]), ("FROM NEXT EPOCH", static h => (string?)h["pending"] is { } p ? $"{p} (block {h["effectiveBlock"]})" : ""), ("RANGE", static h => (string?)h["range"]))));
        return show;
    }

    private static Command Set()
    {
        var name = new Argument<string>("name") { Description = "e.g. immunity_period" };
        var value = new Argument<string>("value");
        var set = new Command("set", "change a hyperparameter of your subnet") { Netuid, name, value };
        set.SetAction(parse => Session.RunAsync(parse, async session => session.Show(
            await session.PostAsync($"/v1/subnets/{parse.GetValue(Netuid)}/hyperparameters/{Uri.EscapeDataString(parse.GetValue(name)!)}", new { value = parse.GetValue(value) }),
            s => Console.Out.WriteLine(s["pending"]!.AsArray().LastOrDefault(p => (string?)p!["name"] == parse.GetValue(name)) is { } waits ? $"{parse.GetValue(name)} = {parse.GetValue(value)} from block {waits["effectiveBlock"]} on" : $"{parse.GetValue(name)} = {parse.GetValue(value)}"))));
        return set;
    }

    private static Command Axon()
    {
        var endpoint = new Argument<string>("endpoint") { Description = "base URL of an OpenAI-compatible API, e.g. https://miner.example/v1; '' takes it back" };
        var node = new Option<string?>("--node") { Description = "your node whose agent tunnels to it: the endpoint is http://127.0.0.1:PORT/… there, a port given to the agent as --tunnel-port" };
        var lease = new Option<string?>("--lease") { Description = "your lease, instead: the endpoint is http://SERVICE:PORT/…, a port the service exposes; its node's agent tunnels to it" };
        var replica = new Option<int>("--replica") { Description = "which replica of the service" };
        var models = new Option<string[]>("--model") { Description = "a model it serves; may be repeated", DefaultValueFactory = static _ => [] };
        var axon = new Command("axon", "announce where a hotkey answers") { Netuid, endpoint, Hotkey, node, lease, replica, models };
        axon.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var body = new JsonObject { ["endpoint"] = parse.GetValue(endpoint), ["node"] = parse.GetValue(node), ["lease"] = parse.GetValue(lease), ["replica"] = parse.GetValue(replica), ["models"] = new JsonArray([.. parse.GetValue(models)!.Select(static m => (JsonNode)m)]), ["hotkey"] = parse.GetValue(Hotkey) };
            return session.Show(await session.PostAsync($"/v1/subnets/{parse.GetValue(Netuid)}/axon", body), static n => Console.Out.WriteLine($"uid {n["uid"]} answers at {(string?)n["axon"]?["endpoint"] ?? "nowhere"}"));
        }));
        return axon;
    }

    private static string Most(string what) => $"most TAO to {what}; {PriceBound.MarginPercent} % above what it costs when the command begins, when left out";

    private static string Short(string id) => id.Length <= 16 ? id : id[..10] + "…" + id[^5..];
}
