using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DepinGrains.Agent.Options;
using DepinGrains.ServiceDefaults.Health;

namespace DepinGrains.Deployment.Tests.Manifests;

/// <summary>What manifests say about our programs is what the programs do.</summary>
internal static partial class HostRules
{
    /// <summary>Not made from our Dockerfile.</summary>
    private static readonly string[] OthersImages = ["postgres"];

    private static readonly Lazy<IReadOnlyList<string>> Targets = new(static () => [.. Dockerfile.Targets().Keys]);

    /// <summary>Images are targets of the Dockerfile, with a tag that the overlay chose.</summary>
    public static IEnumerable<string> Images(IReadOnlyList<JsonObject> objects) =>
        from workload in Workload.Of(objects)
        from container in workload.Containers
        let image = (string?)container["image"] ?? ""
        where Target(container) is not { } target ? !OthersImages.Contains(image.Split(':')[0]) : !Targets.Value.Contains(target) || !image.Contains(':', StringComparison.Ordinal)
        select $"{workload}: image '{image}' is no target of the Dockerfile, or has no tag";

    /// <summary>Every variable is read: it binds, with its value, to the options of the program in that image.</summary>
    public static IEnumerable<string> Variables(IReadOnlyList<JsonObject> objects) =>
        from workload in Workload.Of(objects)
        from container in workload.Containers
        where Target(container) is not null
        from problem in Settings.Problems(Target(container)!, Environment(objects, container), Settings.Text(container))
        select $"{workload}: {problem}";

    /// <summary>
    /// Startup, readiness and liveness are there, mean three different things where the host has a management port, and ask paths that its sources serve. That they are really served is seen by
    /// the tests of the images, which ask with these probes.
    /// </summary>
    public static IEnumerable<string> Probes(IReadOnlyList<JsonObject> objects)
    {
        foreach (var workload in Workload.Of(objects).Where(static w => w.Kind != "Job" && w.Containers.Any(static c => Target(c) is not (null or "agent"))))
        {
            var probes = SelectorRules.Probes(workload).ToDictionary(static p => p.Kind, static p => ProbePath(p.Probe));
            if (probes.Count != 3)
            {
                yield return $"{workload}: has {probes.Count} probes, not three";
                continue;
            }

            if (probes["readinessProbe"] != "/health/ready" || probes["livenessProbe"] != "/health/live" || probes["startupProbe"] is not ("/health/startup" or "/health/live"))
            {
                yield return $"{workload}: probes ask {string.Join(", ", probes.Values)}";
            }

            var sources = Dockerfile.SourcesOf(Target(workload.Containers.First())!);
            foreach (var path in probes.Values.Where(p => !sources.Contains($"\"{p}\"", StringComparison.Ordinal)))
            {
                yield return $"{workload}: nothing serves {path}";
            }
        }
    }

    /// <summary>Kubernetes waits longer than the program takes at most to end.</summary>
    public static IEnumerable<string> Grace(IReadOnlyList<JsonObject> objects)
    {
        foreach (var workload in Workload.Of(objects).Where(static w => w.Kind != "Job"))
        {
            var grace = TimeSpan.FromSeconds((long?)workload.Spec["terminationGracePeriodSeconds"] ?? 30);
            foreach (var container in workload.Containers.Where(static c => Target(c) is not null))
            {
                var stop = StopTime(Target(container)!, Environment(objects, container));
                if (grace <= stop)
                {
                    yield return $"{workload}: gets {grace.TotalSeconds} s to end and may take {stop.TotalSeconds} s";
                }
            }
        }
    }

    /// <summary>The path a probe asks for, in whichever way.</summary>
    public static string ProbePath(JsonObject probe) => (string?)probe["httpGet"]?["path"] ?? GetLine().Match(probe.ToJsonString()).Groups[1].Value;

    /// <summary>The Dockerfile's target an image of ours is made of; null: another's image.</summary>
    public static string? Target(JsonObject container) => (string?)container["image"] is { } image && image.Split(':')[0] is var name && name.StartsWith("depin/", StringComparison.Ordinal) ? name["depin/".Length..] : null;

    /// <summary>Variables of a container by name; the value of a secret or a field is a stand-in that any option of that kind takes.</summary>
    public static Dictionary<string, string> Environment(IReadOnlyList<JsonObject> objects, JsonObject container)
    {
        var maps = (container["envFrom"]?.AsArray() ?? []).SelectMany(e => Kinds.Of(objects, "ConfigMap").Where(m => Kinds.Name(m) == (string?)e!["configMapRef"]?["name"]));
        var variables = maps.SelectMany(static m => Workload.Map(m["data"])).ToDictionary();
        foreach (var variable in container["env"]?.AsArray() ?? [])
        {
            variables[(string)variable!["name"]!] = (string?)variable["value"] ?? "10.0.0.1";
        }

        return variables;
    }

    private static TimeSpan StopTime(string target, Dictionary<string, string> environment) => target switch
    {
        "silo" or "gateway" => environment.TryGetValue("Management__ShutdownTimeout", out var text) ? TimeSpan.Parse(text, CultureInfo.InvariantCulture) : new ManagementOptions().ShutdownTimeout,
        "agent" => new AgentOptions().Workloads.StopGrace + Seconds("agent"),
        _ => Seconds(target),
    };

    /// <summary>The number in the host's own <c>ShutdownTimeout = … FromSeconds(n)</c>.</summary>
    private static TimeSpan Seconds(string target) =>
        TimeSpan.FromSeconds(int.Parse(ShutdownTimeout().Match(Dockerfile.SourcesOf(target)).Groups[1].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"GET (\S+) HTTP")]
    private static partial Regex GetLine();

    [GeneratedRegex(@"ShutdownTimeout = [^;]*FromSeconds\((\d+)\)")]
    private static partial Regex ShutdownTimeout();
}
