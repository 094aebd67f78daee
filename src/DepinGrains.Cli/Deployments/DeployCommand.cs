using System.CommandLine;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;
using DepinGrains.Domain.Deployments.Sdl;

namespace DepinGrains.Cli.Deployments;

/// <summary><c>depin deploy FILE</c>: from an SDL to answering addresses.</summary>
public static class DeployCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "SDL file" };
        var deposit = new Option<string>("--deposit") { Description = "escrow deposit in whole tokens of the SDL's denomination (uact: ACT)", DefaultValueFactory = static _ => "5" };
        var pick = new Option<bool>("--pick") { Description = "pick the winner yourself with 'depin bids accept'" };
        var wait = new Option<int>("--wait") { Description = "seconds to wait for the workload", DefaultValueFactory = static _ => 60 };
        var from = DeploymentCommands.From();
        var dseq = new Option<string?>("--dseq") { Description = "a number of your choice for its id, 1 to 20 digits, refused when you used it before; the network chooses one when left out" };
        var deploy = new Command("deploy", "create a deployment from an SDL and wait until it runs") { file, deposit, pick, wait, from, dseq };
        ExitCodes.Document(deploy, (ExitCodes.Done, "running (with --pick: created)"), (ExitCodes.NotYet, "created, but not every workload runs within --wait; the deployment stays"));
        deploy.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var text = await TextFile.ReadAsync(parse.GetValue(file));
            var sdl = SdlParser.Parse(text);
            if (!sdl.IsOk)
            {
                throw new ApiException("sdl.invalid", string.Join('\n', sdl.Errors.Select(e => $"{parse.GetValue(file)}:{e}")));
            }

            var created = await session.PostAsync("/v1/deployments", new
            {
                sdl = text,
                deposit = Amounts.ParseWhole(parse.GetValue(deposit)!, sdl.Document!.Groups[0].Units[0].Price.Denom),
                winner = parse.GetValue(pick) ? "pick" : "lowest",
                from = parse.GetValue(from),
                dseq = parse.GetValue(dseq),
            });
            var id = (string)created["id"]!;
            if (parse.GetValue(pick))
            {
                return session.Show(created, c => Console.Out.WriteLine($"deployment {id}: wait for bids with 'depin bids list {id}', then 'depin bids accept {id} --provider ID'"));
            }

            var progress = new DeployProgress();
            var state = await progress.RunAsync(() => WaitAsync(session, id, parse.GetValue(wait), progress));
            session.Show(state, s => Draw(id, s));
            return (bool)state["running"]! ? ExitCodes.Done : ExitCodes.NotYet;
        }));
        return deploy;
    }

    /// <summary>Waits until every group has a lease whose workloads run, or the time is up.</summary>
    private static async Task<JsonNode> WaitAsync(Session session, string id, int seconds, DeployProgress progress)
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var deployment = await session.GetAsync($"/v1/deployments/{id}");
            var leases = new JsonArray();
            var groups = deployment["groups"]!.AsArray();
            foreach (var group in groups)
            {
                if ((string?)group!["order"]!["leaseId"] is { } lease)
                {
                    leases.Add((await session.GetAsync($"/v1/leases/{lease}")).DeepClone());
                }
            }

            progress.Saw(deployment, leases);
            var running = leases.Count == groups.Count && leases.All(static l => l!["workloads"]!.AsArray() is { Count: > 0 } w && w.All(static x => (string?)x!["status"]?["phase"] == "running"));
            if (running || DateTimeOffset.UtcNow > until || (string?)deployment["status"] == "closed")
            {
                return new JsonObject { ["deployment"] = deployment.DeepClone(), ["leases"] = leases, ["running"] = running };
            }

            await Task.Delay(Poll);
        }
    }

    private static void Draw(string id, JsonNode state)
    {
        Console.Out.WriteLine($"deployment {id}: {((bool)state["running"]! ? "running" : "not running yet")}");
        foreach (var lease in state["leases"]!.AsArray())
        {
            Console.Out.WriteLine($"  lease {(string?)lease!["id"]}");
            Console.Out.WriteLine($"    price {(string?)lease["terms"]!["rate"]} {(string?)lease["terms"]!["currency"]} a block");
            foreach (var workload in lease["workloads"]!.AsArray())
            {
                Console.Out.WriteLine($"    {(string?)workload!["service"]}/{(int)workload["replica"]!} {(string?)workload["status"]?["phase"] ?? "placed"} at {string.Join(", ", workload["addresses"]!.AsArray().Select(static a => "http://" + (string?)a))}");
            }
        }

        if (state["leases"]!.AsArray().Count == 0)
        {
            var order = state["deployment"]!["groups"]![0]!["order"]!;
            Console.Out.WriteLine($"  no lease: {(string?)order["problem"]?["detail"] ?? $"{order["bids"]!.AsArray().Count} bid(s)"}; see 'depin market why {(string?)order["id"]}'");
        }
    }
}
