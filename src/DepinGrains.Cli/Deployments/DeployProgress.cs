using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace DepinGrains.Cli.Deployments;

/// <summary>
/// Tells what becomes of a deployment while it comes to life, each thing once, on stderr (stdout is the result's): a moving line where stderr is a terminal, plain lines where it is not.
/// </summary>
internal sealed class DeployProgress
{
    private readonly Stopwatch _since = Stopwatch.StartNew();
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private readonly IAnsiConsole _screen = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    private StatusContext? _status;

    /// <summary>Runs the waiting under the moving line, or without it.</summary>
    public Task<T> RunAsync<T>(Func<Task<T>> wait) => Console.IsErrorRedirected || !_screen.Profile.Capabilities.Interactive
        ? wait()
        : _screen.Status().StartAsync("sent", status =>
        {
            _status = status;
            return wait();
        });

    /// <summary>A state as the API told it.</summary>
    public void Saw(JsonNode deployment, JsonArray leases)
    {
        foreach (var group in deployment["groups"]!.AsArray())
        {
            var order = group!["order"]!;
            Tell($"order {(string?)order["id"]} open, ceiling {(string?)order["ceiling"]} {(string?)order["denom"]} a block");
            foreach (var bid in order["bids"]!.AsArray())
            {
                Tell($"bid of {(string?)bid!["price"]} {(string?)bid["denom"]} by {(string?)bid["provider"]}");
            }

            if ((string?)order["problem"]?["detail"] is { } problem)
            {
                Tell($"{(string?)order["problem"]!["code"]}: {problem}");
            }
        }

        var workloads = 0;
        var running = 0;
        foreach (var lease in leases)
        {
            Tell($"leased to {(string?)lease!["terms"]!["provider"]} for {(string?)lease["terms"]!["rate"]} {(string?)lease["terms"]!["currency"]} a block");
            foreach (var workload in lease["workloads"]!.AsArray())
            {
                var phase = (string?)workload!["status"]?["phase"] ?? "placed";
                Tell($"{(string?)workload["service"]}/{workload["replica"]} {phase} {(string?)workload["status"]?["detail"]}".TrimEnd() + (phase == "running" ? "" : $" on {(string?)workload["node"]}"));
                workloads++;
                running += phase == "running" ? 1 : 0;
            }
        }

        _status?.Status(workloads > 0 ? $"{running} of {workloads} workload(s) running" : leases.Count > 0 ? "leased, placing workloads" : "waiting for bids");
    }

    private void Tell(string what)
    {
        if (!_told.Add(what))
        {
            return;
        }

        var line = string.Create(CultureInfo.InvariantCulture, $"{_since.Elapsed.TotalSeconds,5:0.0}s  {what}");
        if (_status is null)
        {
            Console.Error.WriteLine(line);
        }
        else
        {
            _screen.WriteLine(line);
        }
    }
}
