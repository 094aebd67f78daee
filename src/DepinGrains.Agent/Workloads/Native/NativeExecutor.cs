using System.Diagnostics;
using System.Text;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Logs;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.State;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>
/// Tenants' programs as processes of this machine, each under a small supervisor in a session of its own, so that they outlive the agent. Linux only.
/// </summary>
internal sealed partial class NativeExecutor(
    AgentOptions options, AgentPaths paths, StateStore store, VolumeStore volumes, Func<IReadOnlyList<GpuDevice>> gpus, SandboxKind sandbox, TimeProvider clock) : IWorkloadExecutor
{
    /// <summary>Environment entry that marks every process of a workload.</summary>
    private const string MarkName = "DEPIN_WORKLOAD";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    // Where a volume would change what runs before rights are dropped, or hide the sandbox's own parts.
    private static readonly string[] SystemPaths = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/proc", "/sys", "/dev", "/depin"];

    public string Name => "native";

    public SandboxKind Sandbox => sandbox;

    public string Description => $"native ({sandbox.ToString().ToLowerInvariant()})";

    public bool Handles(string image) => image.StartsWith(NativePrograms.ImagePrefix, StringComparison.Ordinal);

    public async Task StartAsync(WorkloadSpec spec, string fingerprint, LogBook log, Action onPulling, CancellationToken cancellationToken)
    {
        var command = NativePrograms.Resolve(spec, options.Native, sandbox != SandboxKind.None);
        Check(spec);
        var run = RunOf(spec.Id);
        int? user = Libc.IsRoot && sandbox != SandboxKind.None ? UserOf(spec.LeaseId) : null;
        var groups = ControlGroups.Create(SafeKey.Of(spec.Id), spec.CpuMilli, spec.MemoryBytes, options.Native.ProcessLimit);
        run.Delete();
        log.ResetSources();
        run.Create(spec.Id, spec.LeaseId, fingerprint, user, groups);

        var mounts = volumes.Prepare(spec, user);
        var home = volumes.PrepareHome(spec, user);
        var inside = sandbox == SandboxKind.Bubblewrap;
        var environment = NativeEnvironment.Build(spec, options.Native, inside ? NativeSandbox.HomeInside : home, inside ? [] : mounts.Zip(spec.Volumes.Where(v => v.Class != "ram")));
        environment[MarkName] = spec.Id;
        WriteLauncher(run.Launcher, NativeScripts.Launcher(environment, command, inside ? null : home), user);

        var box = new SandboxRun(
            user, run.Launcher, home, mounts, [.. NativePrograms.ReadOnlyPaths(spec, options.Native)], NativeEnvironment.Devices(spec, gpus()),
            [.. spec.Volumes.Where(v => v.Class == "ram").Select(v => (v.MountPath, v.Bytes))], spec.StorageBytes);
        Launch(run, groups, [.. Limits(spec, user), .. NativeSandbox.Command(sandbox, box)]);
        await WaitForStartAsync(run, cancellationToken);
    }

    public Task<Observation?> ObserveAsync(string workloadId, CancellationToken cancellationToken)
    {
        var run = RunOf(workloadId);
        if (!run.Exists)
        {
            return Task.FromResult<Observation?>(null);
        }

        var exit = run.ExitCode;
        var supervisor = exit is null ? run.Supervisor() : null;
        if (supervisor is not { } alive)
        {
            var (last, _) = ControlGroups.Usage(run.Groups);
            return Task.FromResult<Observation?>(new Observation(run.Fingerprint, false, exit ?? run.ExitCode ?? -1, last ?? 0, 0));
        }

        var (cpu, memory) = ControlGroups.Usage(run.Groups);
        if (cpu is null || memory is null)
        {
            var members = ProcessTable.Members(alive.Pid, Mark(workloadId));
            cpu ??= ProcessTable.CpuMillis(members);
            memory ??= ProcessTable.MemoryBytes(members);
        }

        return Task.FromResult<Observation?>(new Observation(run.Fingerprint, true, 0, cpu.Value, memory.Value));
    }

    public Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateDirectories(paths.Runs).Select(f => new NativeRun(f)).Where(r => r.Exists).Select(r => r.WorkloadId)]);

    public async Task PumpLogsAsync(string workloadId, LogBook log, CancellationToken cancellationToken)
    {
        var run = RunOf(workloadId);
        var readers = new[] { new RawLogReader(run.OutputFile, false, log, options.Logs), new RawLogReader(run.ErrorFile, true, log, options.Logs) };
        for (var stop = false; ;)
        {
            var more = false;
            foreach (var reader in readers)
            {
                more |= reader.Take(clock.GetUtcNow(), stop && run.Supervisor() is null);
                reader.Trim(clock.GetUtcNow());
            }

            if (more)
            {
                continue;
            }

            if (stop)
            {
                return;
            }

            try
            {
                await Task.Delay(options.Logs.PollInterval, clock, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                stop = true;
            }
        }
    }

    public Task<long> WrittenBytesAsync(WorkloadSpec spec, CancellationToken cancellationToken) => Task.FromResult(volumes.HomeBytes(spec, spec.StorageBytes, cancellationToken));

    public Task RemoveLeaseAsync(string leaseId, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemoveAsync(string workloadId, CancellationToken cancellationToken)
    {
        var run = RunOf(workloadId);
        ControlGroups.Remove(run.Groups);
        run.Delete();
        return Task.CompletedTask;
    }

    private NativeRun RunOf(string workloadId) => new(Path.Combine(paths.Runs, SafeKey.Of(workloadId)));

    private static string Mark(string workloadId) => $"{MarkName}={workloadId}";

    private int UserOf(string leaseId)
    {
        try
        {
            return store.UserOf(leaseId, options.Native.UserIdBase, options.Native.UserIdCount);
        }
        catch (InvalidOperationException e)
        {
            throw new WorkloadException(e.Message, permanent: false);
        }
    }

    private void Check(WorkloadSpec spec)
    {
        var bad = spec.Volumes.FirstOrDefault(v => Array.Exists(SystemPaths, p => v.MountPath == p || v.MountPath.StartsWith(p + "/", StringComparison.Ordinal)));
        if (bad is not null)
        {
            throw new WorkloadException($"volume '{bad.Name}' cannot be mounted at '{bad.MountPath}' of a native process", permanent: true);
        }

        if (spec.GpuUuids.Length > 0 && spec.GpuUuids.Any(u => gpus().All(g => g.Uuid != u)))
        {
            throw new WorkloadException("a GPU of this lease is not in this node", permanent: false);
        }
    }

    private IEnumerable<string> Limits(WorkloadSpec spec, int? user)
    {
        yield return "prlimit";
        yield return "--core=0";
        yield return $"--nofile={options.Native.OpenFileLimit}";
        if (user is not null)
        {
            // Counted per user: only where the lease has a user of its own.
            yield return $"--nproc={options.Native.ProcessLimit}";
        }

        // One file, the captured output among them (while the agent is away, nobody shortens it), can never be larger than the largest thing that was ordered.
        yield return $"--fsize={Math.Max(spec.Volumes.Select(v => v.Bytes).Append(spec.StorageBytes).Max(), options.Logs.RawBytes)}";
    }

    private static void Launch(NativeRun run, IEnumerable<string> groups, List<string> command)
    {
        // The run's own: workloads start side by side.
        AgentPaths.WriteAtomically(run.SupervisorScript, Encoding.UTF8.GetBytes(NativeScripts.Supervisor));
        var info = new ProcessStartInfo("setsid") { UseShellExecute = false, WorkingDirectory = run.Folder };
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        foreach (var argument in (string[])["/bin/sh", run.SupervisorScript, run.Folder, ProcessTable.BootId, string.Join('\n', groups), .. command])
        {
            info.ArgumentList.Add(argument);
        }

        try
        {
            using var process = Process.Start(info);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new WorkloadException($"native processes cannot be started here: {e.Message}", permanent: false);
        }
    }

    private async Task WaitForStartAsync(NativeRun run, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        while (run.PidMissing)
        {
            if (clock.GetElapsedTime(since) > StartLimit)
            {
                throw new WorkloadException("the process did not start in time", permanent: false);
            }

            await Task.Delay(Tick, clock, cancellationToken);
        }
    }

    private static void WriteLauncher(string path, string script, int? user)
    {
        AgentPaths.WriteAtomically(path, Encoding.UTF8.GetBytes(script));
        if (user is { } owner)
        {
            Libc.Own(path, owner);
        }
    }
}
