using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Containers;

/// <summary>Containers through the engine's command line. Labels say whose they are, so a new agent finds them.</summary>
/// <param name="engine">docker or podman.</param>
/// <param name="options">Settings.</param>
/// <param name="paths">Work folder.</param>
/// <param name="volumes">Volumes.</param>
/// <param name="agent">This agent's label.</param>
/// <param name="clock">Time.</param>
internal sealed partial class ContainerExecutor(
    ContainerEngine engine, AgentOptions options, AgentPaths paths, VolumeStore volumes, string agent, TimeProvider clock) : IWorkloadExecutor
{
    public string Name => "container";

    public string Description => engine.Description;

    public bool Handles(string image) => !image.StartsWith(Native.NativePrograms.ImagePrefix, StringComparison.Ordinal);

    public async Task StartAsync(WorkloadSpec spec, string fingerprint, LogBook log, Action onPulling, CancellationToken cancellationToken)
    {
        await new ImagePuller(engine, options.Containers, paths).EnsureAsync(spec, onPulling, cancellationToken);
        log.ResetSources();
        var network = await NetworkAsync(spec.LeaseId, cancellationToken);
        var mounts = volumes.Prepare(spec, null);
        var name = NameOf(spec.Id);
        using var variables = ContainerVariables.Write(spec, Path.Combine(paths.Private, name + ".env"));
        var result = await RunAsync(spec, name, fingerprint, network, variables, mounts, limitStorage: true, cancellationToken);
        if (!result.Ok && spec.StorageBytes > 0 && StorageOptionRefused(result.Error))
        {
            // Only few file systems can limit a container's layer; where this one cannot, the agent looks at its size now and then.
            await RemoveAsync(spec.Id, cancellationToken);
            result = await RunAsync(spec, name, fingerprint, network, variables, mounts, limitStorage: false, cancellationToken);
        }

        if (!result.Ok)
        {
            throw new WorkloadException($"the container did not start: {result.Reason}", permanent: false);
        }
    }

    public async Task<Observation?> ObserveAsync(string workloadId, CancellationToken cancellationToken)
    {
        var result = await engine.RunAsync(["container", "inspect", "--format", "{{json .State}} {{json .Config.Labels}}", NameOf(workloadId)], cancellationToken);
        if (!result.Ok)
        {
            return IsAbsent(result) ? null : throw new IOException($"{engine.Description} does not answer: {result.Reason}");
        }

        return ContainerState.Parse(result.Output) is { } state && state.Agent == agent
            ? new Observation(state.Fingerprint, state.Running, state.ExitCode, state.Running ? ContainerUsage.CpuMillis(state.Pid) : 0, state.Running ? ContainerUsage.MemoryBytes(state.Pid) : 0)
            : throw new IOException($"container '{NameOf(workloadId)}' belongs to somebody else");
    }

    public async Task StopAsync(string workloadId, TimeSpan grace, CancellationToken cancellationToken)
    {
        var name = NameOf(workloadId);
        var seconds = ((int)Math.Ceiling(grace.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var result = await engine.RunAsync(["stop", "--time", seconds, name], cancellationToken, grace + options.Containers.CommandTimeout);
        if (!result.Ok && !IsAbsent(result))
        {
            var killed = await engine.RunAsync(["kill", name], cancellationToken);
            if (!killed.Ok && (await ObserveAsync(workloadId, cancellationToken))?.Running == true)
            {
                throw new IOException($"container '{name}' does not stop: {killed.Reason}");
            }
        }
    }

    public async Task RemoveAsync(string workloadId, CancellationToken cancellationToken)
    {
        var result = await engine.RunAsync(["rm", "--force", "--volumes", NameOf(workloadId)], cancellationToken);
        if (!result.Ok && !IsAbsent(result))
        {
            throw new IOException($"container '{NameOf(workloadId)}' cannot be removed: {result.Reason}");
        }
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        // docker's rows have a Label function, podman's a map.
        var field = engine.IsPodman ? $"{{{{index .Labels \"{ContainerArguments.WorkloadLabel}\"}}}}" : $"{{{{.Label \"{ContainerArguments.WorkloadLabel}\"}}}}";
        var result = await engine.RunAsync(["ps", "--all", "--filter", $"label={ContainerArguments.AgentLabel}={agent}", "--format", field], cancellationToken);
        return result.Ok
            ? [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]
            : throw new IOException($"{engine.Description} does not answer: {result.Reason}");
    }

    public async Task<long> WrittenBytesAsync(WorkloadSpec spec, CancellationToken cancellationToken)
    {
        var result = await engine.RunAsync(["container", "inspect", "--size", "--format", "{{.SizeRw}}", NameOf(spec.Id)], cancellationToken);
        return result.Ok && long.TryParse(result.Output.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
    }

    public async Task RemoveLeaseAsync(string leaseId, CancellationToken cancellationToken)
    {
        if (options.Containers.NetworkPerLease)
        {
            await engine.RunAsync(["network", "rm", NetworkOf(leaseId)], cancellationToken);
        }
    }

    public Task<Process> StartShellAsync(string workloadId, IReadOnlyList<string> command, string? terminal, CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo(engine.Program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", "--interactive", .. terminal is null ? (string[])[] : ["--tty"], NameOf(workloadId), .. command])
        {
            info.ArgumentList.Add(argument);
        }

        if (terminal is not null)
        {
            Terminal.Attach(info, terminal);
        }

        return Task.FromResult(Process.Start(info) ?? throw new WorkloadException("the shell did not start", permanent: false));
    }

    private Task<CommandResult> RunAsync(
        WorkloadSpec spec, string name, string fingerprint, string? network, ContainerVariables variables, IReadOnlyList<(string Host, string Inside, bool ReadOnly)> mounts,
        bool limitStorage, CancellationToken cancellationToken) =>
        engine.RunAsync(
            ContainerArguments.Run(spec, name, agent, fingerprint, network, variables, mounts, engine.IsPodman, limitStorage, options.Logs.RawBytes, options.Containers), cancellationToken,
            environment: variables.Inherited);

    /// <summary>The lease's own network; null: the owner wants all of them on the engine's default one. Nothing runs beside other tenants because a network could not be made.</summary>
    private async Task<string?> NetworkAsync(string leaseId, CancellationToken cancellationToken)
    {
        if (!options.Containers.NetworkPerLease)
        {
            return null;
        }

        var name = NetworkOf(leaseId);
        if ((await engine.RunAsync(["network", "inspect", name], cancellationToken)).Ok)
        {
            return name;
        }

        var made = await MakeNetworkAsync(name, [], cancellationToken);
        if (!made.Ok && LeaseSubnets.IsExhausted(made.Error))
        {
            foreach (var subnet in LeaseSubnets.For(leaseId, IPNetwork.Parse(options.Containers.NetworkPool)))
            {
                made = await MakeNetworkAsync(name, ["--subnet", subnet.ToString()], cancellationToken);
                if (made.Ok || !LeaseSubnets.IsTaken(made.Error))
                {
                    break;
                }
            }
        }

        // Another workload of the lease, started at the same moment, may have been first.
        return made.Ok || (await engine.RunAsync(["network", "inspect", name], cancellationToken)).Ok ? name : throw new WorkloadException($"the lease's network could not be made: {made.Reason}", permanent: false);
    }

    private Task<CommandResult> MakeNetworkAsync(string name, string[] more, CancellationToken cancellationToken) =>
        engine.RunAsync(["network", "create", "--label", $"{ContainerArguments.AgentLabel}={agent}", .. more, name], cancellationToken);

    private string NameOf(string workloadId) => $"depin-{agent[..8]}-{SafeKey.Of(workloadId)}";

    private string NetworkOf(string leaseId) => $"depin-{agent[..8]}-{SafeKey.Of(leaseId)[^16..]}";

    private static bool IsAbsent(CommandResult result) => result.Error.Contains("no such", StringComparison.OrdinalIgnoreCase) || result.Error.Contains("no container with", StringComparison.OrdinalIgnoreCase);

    private static bool StorageOptionRefused(string error) =>
        error.Contains("storage-opt", StringComparison.OrdinalIgnoreCase) || error.Contains("quota", StringComparison.OrdinalIgnoreCase) || error.Contains("storage opt", StringComparison.OrdinalIgnoreCase);
}
