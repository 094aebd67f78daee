using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Leases;

/// <summary><c>depin lease</c>.</summary>
public static class LeaseCommands
{
    private const int TriesMax = 5;

    /// <summary>The commands.</summary>
    public static Command Create()
    {
        var id = new Argument<string>("lease") { Description = "owner/dseq/gseq/oseq/provider" };
        var provider = new Option<bool>("--provider") { Description = "leases you sell" };
        var list = new Command("list", "your leases, newest first") { provider };
        list.SetAction(parse => Session.RunAsync(parse, async session => session.ShowTable(
            await session.ListAsync("/v1/leases" + (parse.GetValue(provider) ? "?as=provider" : "")),
            ("lease", static l => (string?)l["id"]),
            ("status", static l => (string?)l["status"]),
            ("price a block", static l => $"{(string?)l["rate"]} {(string?)l["currency"]}"),
            ("opened", static l => l["openedAt"]?.GetValue<DateTimeOffset>().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)),
            ("closed because", static l => (string?)l["closeDetail"]))));
        var show = new Command("show", "workloads, addresses, last status") { id };
        show.SetAction(parse => Session.RunAsync(parse, async session => session.Show(await session.GetAsync($"/v1/leases/{Ids.Lease(parse.GetValue(id))}"), Draw)));
        var reason = Deployments.DeploymentCommands.Reason();
        var close = new Command("close", "end the lease; its group is listed again") { id, reason };
        close.SetAction(parse => Deployments.DeploymentCommands.Act(parse, session =>
        {
            var parts = Ids.LeaseParts(parse.GetValue(id));
            return session.PostAsync($"/v1/deployments/{parts[0]}/{parts[1]}/groups/{parts[2]}/lease/close", new { reason = parse.GetValue(reason) });
        }));
        var withdraw = new Command("withdraw", "take what your lease has earned (provider)") { id };
        withdraw.SetAction(parse => Session.RunAsync(parse, async session =>
        {
            var parts = Ids.LeaseParts(parse.GetValue(id));
            var escrow = await session.PostAsync($"/v1/deployments/{parts[0]}/{parts[1]}/groups/{parts[2]}/lease/withdraw", new { });
            return session.Show(escrow, static e => Console.Out.WriteLine($"escrow has {Amounts.Show((long)e["funds"]!, (string)e["currency"]!)} left"));
        }));
        return new Command("lease", "your leases") { list, show, CreateLogs(), ShellCommand.Create(), close, withdraw };
    }

    /// <summary><c>logs</c>, of leases and by itself.</summary>
    public static Command CreateLogs()
    {
        var id = new Argument<string>("lease") { Description = "owner/dseq/gseq/oseq/provider" };
        var follow = new Option<bool>("--follow", "-f") { Description = "go on as lines come" };
        var tail = new Option<int>("--tail") { Description = "last lines", DefaultValueFactory = static _ => 100 };
        var logs = new Command("logs", "what a lease's workloads write") { id, follow, tail };
        logs.SetAction(parse => Session.RunAsync(parse, session => LogsAsync(session, $"/v1/leases/{Ids.Lease(parse.GetValue(id))}/logs?tail={parse.GetValue(tail)}&follow={(parse.GetValue(follow) ? "true" : "false")}", parse.GetValue(follow))));
        return logs;
    }

    /// <summary>Each event is one log line as JSON. Followed logs whose connection ends go on after the last line seen, until nothing comes in <see cref="TriesMax"/> tries.</summary>
    private static async Task<int> LogsAsync(Session session, string path, bool follow)
    {
        string? seen = null;
        for (var tries = 1; ; tries++)
        {
            try
            {
                await foreach (var line in session.EventsAsync(path, seen))
                {
                    (seen, tries) = (line.EventId ?? seen, 0);
                    Write(session, line.Data);
                }

                if (!follow || tries >= TriesMax)
                {
                    return 0;
                }
            }
            catch (Exception broken) when (follow && seen is not null && tries < TriesMax && IsPassing(broken))
            {
                await Console.Error.WriteLineAsync($"the stream broke ({broken.Message}); going on after the last line");
            }

            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    private static bool IsPassing(Exception broken) =>
        broken is IOException or HttpRequestException or ApiException { Code: "node.not_connected" } or ApiException { Status: >= 500 or 429 };

    private static void Write(Session session, string data)
    {
        if (session.Json)
        {
            Console.Out.WriteLine(data);
        }
        else if (JsonNode.Parse(data) is JsonObject entry && entry["text"] is not null)
        {
            Console.Out.WriteLine($"{(string?)entry["at"]} {(string?)entry["stream"]} {(string?)entry["text"]}");
        }
    }

    private static void Draw(JsonNode lease)
    {
        Console.Out.WriteLine($"{(string?)lease["id"]}: {(string?)lease["status"]} {(string?)lease["closeDetail"]}");
        Console.Out.WriteLine($"  {(string?)lease["terms"]!["rate"]} {(string?)lease["terms"]!["currency"]} a block since {(string?)lease["terms"]!["openedAt"]}");
        foreach (var workload in lease["workloads"]!.AsArray())
        {
            Console.Out.WriteLine($"  {(string?)workload!["service"]}/{workload["replica"]} on {(string?)workload["node"]}: {(string?)workload["status"]?["phase"] ?? "placed"} {(string?)workload["status"]?["detail"]}");
            if (workload["status"] is { } status && status["cpuMillisUsed"] is { } cpu)
            {
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {(long)cpu / 1_000.0:0.0} s of CPU, {(long)status["memoryBytes"]! / 1_048_576.0:0.0} MiB of memory, started again {status["restarts"]} times"));
            }

            foreach (var address in workload["addresses"]!.AsArray())
            {
                Console.Out.WriteLine($"    http://{(string?)address}");
            }
        }
    }
}
