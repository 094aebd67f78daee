using System.Globalization;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>The arguments of <c>run</c>. Nothing secret is among them: variables come from a file or the client's own environment.</summary>
internal static class ContainerArguments
{
    public const string AgentLabel = "depin.agent";
    public const string WorkloadLabel = "depin.workload";
    public const string SpecLabel = "depin.spec";
    public const string LeaseLabel = "depin.lease";

    /// <param name="spec">What to run.</param>
    /// <param name="name">Name of the container.</param>
    /// <param name="agent">Id of this agent, so that two on one machine keep apart.</param>
    /// <param name="fingerprint">Of the spec.</param>
    /// <param name="network">Network of the lease; null: the engine's default.</param>
    /// <param name="variables">Where the values are.</param>
    /// <param name="mounts">Volumes.</param>
    /// <param name="podman">Podman's way of naming GPUs.</param>
    /// <param name="limitStorage">Ask for a limit of the container's own layer.</param>
    /// <param name="logBytes">Size at which the engine's own file of the container's output begins anew.</param>
    /// <param name="options">The owner's settings.</param>
    public static List<string> Run(
        WorkloadSpec spec, string name, string agent, string fingerprint, string? network, ContainerVariables variables,
        IReadOnlyList<(string Host, string Inside, bool ReadOnly)> mounts, bool podman, bool limitStorage, long logBytes, ContainerOptions options)
    {
        List<string> run =
        [
            "run", "--detach", "--name", name, "--pull", "never", "--restart", "no", "--security-opt", "no-new-privileges",
            "--label", $"{AgentLabel}={agent}", "--label", $"{WorkloadLabel}={spec.Id}", "--label", $"{SpecLabel}={fingerprint}", "--label", $"{LeaseLabel}={spec.LeaseId}",
            "--pids-limit", Text(options.PidsLimit), "--env-file", variables.File,

            // Whatever the engine does by default may keep all that was ever written.
            "--log-driver", podman ? "k8s-file" : "json-file", "--log-opt", "max-size=" + Text(logBytes),
        ];
        foreach (var inherited in variables.Inherited.Keys)
        {
            run.AddRange(["--env", inherited]);
        }

        if (spec.CpuMilli > 0)
        {
            run.AddRange(["--cpus", (spec.CpuMilli / 1_000m).ToString("0.###", CultureInfo.InvariantCulture)]);
        }

        if (spec.MemoryBytes > 0)
        {
            // The same number for both: memory, and memory plus swap; the lease paid for no swap. Engines refuse less than 6 MiB.
            var memory = Text(Math.Max(spec.MemoryBytes, 6 << 20));
            run.AddRange(["--memory", memory, "--memory-swap", memory]);
        }

        if (limitStorage && spec.StorageBytes > 0)
        {
            run.AddRange(["--storage-opt", "size=" + Text(spec.StorageBytes)]);
        }

        run.AddRange(Gpus(spec, podman));
        foreach (var port in spec.Ports)
        {
            var address = port.Local ? "127.0.0.1" : options.PublishAddress.Contains(':', StringComparison.Ordinal) ? $"[{options.PublishAddress}]" : options.PublishAddress;
            var protocol = string.Equals(port.Protocol, "udp", StringComparison.OrdinalIgnoreCase) ? "udp" : "tcp";
            run.AddRange(["--publish", $"{address}:{Text(port.HostPort)}:{Text(port.ContainerPort)}/{protocol}"]);
        }

        foreach (var (host, inside, readOnly) in mounts)
        {
            run.AddRange(["--volume", $"{host}:{inside}{(readOnly ? ":ro" : "")}"]);
        }

        foreach (var volume in spec.Volumes.Where(v => v.Class == "ram"))
        {
            run.AddRange(["--tmpfs", volume.Bytes > 0 ? $"{volume.MountPath}:size={Text(volume.Bytes)}" : volume.MountPath]);
        }

        if (network is not null)
        {
            run.AddRange(["--network", network, "--network-alias", spec.Service]);
        }

        // An image's entry point takes one word here; the rest of a command goes before the arguments.
        if (!spec.Command.IsEmpty)
        {
            run.AddRange(["--entrypoint", spec.Command[0]]);
        }

        run.Add(spec.Image);
        run.AddRange(spec.Command.Skip(1));
        run.AddRange(spec.Args);
        return run;
    }

    private static IEnumerable<string> Gpus(WorkloadSpec spec, bool podman)
    {
        if (spec.GpuUuids.IsEmpty)
        {
            return [];
        }

        // docker: its NVIDIA runtime, quoted since the value holds commas; podman: the container device interface.
        return podman
            ? spec.GpuUuids.SelectMany(g => (string[])["--device", "nvidia.com/gpu=" + g])
            : ["--gpus", $"\"device={string.Join(',', spec.GpuUuids)}\""];
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
