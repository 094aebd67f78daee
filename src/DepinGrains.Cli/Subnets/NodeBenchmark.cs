using System.Globalization;
using System.Text.Json.Nodes;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Subnets;

/// <summary>Waits while a node's agent does the benchmark a registration needs, and says how it goes.</summary>
internal static class NodeBenchmark
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    /// <summary>Adds the benchmark to the registration, once it is passed; nothing where the subnet has none.</summary>
    public static async Task RunAsync(Session session, int netuid, string node, JsonObject registration)
    {
        var subnet = await session.GetAsync($"/v1/subnets/{netuid}");
        if ((int)subnet["hyperparameters"]!["benchmarkWork"]! == 0)
        {
            return;
        }

        var challenge = await session.PostAsync($"/v1/subnets/{netuid}/challenges", new JsonObject { ["node"] = node, ["hotkey"] = registration["hotkey"]?.DeepClone() });
        var (id, said) = ((string)challenge["id"]!, "");
        while (true)
        {
            var status = (string)challenge["status"]!;
            if (status != said)
            {
                await Console.Error.WriteLineAsync(Words(challenge, said = status));
            }

            if (status is "passed" or "failed")
            {
                ServiceRun.Check(status == "passed", (string?)challenge["code"] ?? "node.benchmark_failed", (string?)challenge["detail"] ?? "the node's benchmark failed");
                registration["challenge"] = id;
                return;
            }

            // It ends by itself: what is not begun expires, what runs has a deadline.
            await Task.Delay(Every, TimeProvider.System);
            challenge = await session.GetAsync($"/v1/subnets/{netuid}/challenges/{node}");
            ServiceRun.Check((string?)challenge["id"] == id, "registration.hardware_no_challenge", "another registration took the node's benchmark over: try again");
        }
    }

    private static string Words(JsonNode c, string status) => status switch
    {
        "offered" => string.Create(CultureInfo.InvariantCulture, $"benchmark: waiting for the agent of {(string?)c["node"]} to begin {c["work"]} blocks of work, until {(string?)c["until"]}"),
        "running" => string.Create(CultureInfo.InvariantCulture, $"benchmark: running, {c["timeMs"]} ms for hardware of class {c["hardwareClass"]}"),
        "passed" => string.Create(CultureInfo.InvariantCulture, $"benchmark: passed in {c["elapsedMs"]} ms of {c["timeMs"]}"),
        _ => "benchmark: failed",
    };
}
