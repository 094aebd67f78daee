using System.Diagnostics;
using DepinGrains.Agent.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Workloads.Native;

/// <content>Ending and entering processes.</content>
internal sealed partial class NativeExecutor
{
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(15);

    // They hold the sandbox together: they go last, or the program would outlive its fence.
    private static readonly string[] Wrappers = ["bwrap", "unshare"];

    public async Task StopAsync(string workloadId, TimeSpan grace, CancellationToken cancellationToken)
    {
        var run = RunOf(workloadId);
        if (!run.Exists)
        {
            return;
        }

        var since = clock.GetTimestamp();
        var asked = new HashSet<int>();
        while (clock.GetElapsedTime(since) < grace)
        {
            var rest = Members(run, workloadId).FindAll(e => e.Pid != run.Supervisor()?.Pid && !Wrappers.Contains(e.Name));
            if (rest.Count == 0)
            {
                break;
            }

            foreach (var entry in rest.Where(e => asked.Add(e.Pid)))
            {
                Libc.Signal(entry.Pid, Libc.SigTerm);
            }

            await Task.Delay(Tick, clock, cancellationToken);
        }

        // The supervisor notes the exit code when the last wrapper is gone; a moment for that, then nothing is asked any more.
        var wait = clock.GetTimestamp();
        while (run.Supervisor() is not null && clock.GetElapsedTime(wait) < TimeSpan.FromMilliseconds(300) && grace > TimeSpan.Zero)
        {
            await Task.Delay(Tick, clock, cancellationToken);
        }

        await KillAsync(run, workloadId, cancellationToken);
    }

    public Task<Process> StartShellAsync(string workloadId, IReadOnlyList<string> command, string? terminal, CancellationToken cancellationToken)
    {
        var run = RunOf(workloadId);
        if (!run.Exists || run.Supervisor() is not { } supervisor)
        {
            throw new WorkloadException("the workload does not run", permanent: false);
        }

        var target = Members(run, workloadId).Find(e => e.Pid != supervisor.Pid && !Wrappers.Contains(e.Name) && (sandbox > SandboxKind.Namespaces || IsInside(e.Pid, supervisor.Pid)));
        if (target.Pid == 0)
        {
            throw new WorkloadException("the workload has no process to join", permanent: false);
        }

        var box = new SandboxRun(run.User, run.Launcher, "", [], [], [], [], 0);
        var line = NativeSandbox.Enter(sandbox, box, target.Pid, command);
        var info = new ProcessStartInfo(line[0]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        foreach (var argument in line.Skip(1))
        {
            info.ArgumentList.Add(argument);
        }

        if (terminal is not null)
        {
            Terminal.Attach(info, terminal);
        }

        var process = Process.Start(info) ?? throw new WorkloadException("the shell did not start", permanent: false);
        ControlGroups.Join(run.Groups, process.Id);
        return Task.FromResult(process);
    }

    private async Task KillAsync(NativeRun run, string workloadId, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        while (true)
        {
            // Looked up anew each time: a program may fork while it is being killed.
            var rest = Members(run, workloadId);
            if (rest.Count == 0)
            {
                return;
            }

            if (clock.GetElapsedTime(since) > KillLimit)
            {
                throw new WorkloadException($"{rest.Count} processes of the workload cannot be killed, pid {rest[0].Pid} among them", permanent: false);
            }

            foreach (var entry in rest)
            {
                Libc.Signal(entry.Pid, Libc.SigKill);
            }

            await Task.Delay(Tick, clock, cancellationToken);
        }
    }

    private static List<ProcessEntry> Members(NativeRun run, string workloadId)
    {
        var members = ProcessTable.Members(run.SessionId(), Mark(workloadId));
        var known = members.Select(m => m.Pid).ToHashSet();
        foreach (var pid in ControlGroups.Members(run.Groups).Where(p => p != Environment.ProcessId && known.Add(p)))
        {
            if (ProcessTable.Find(pid) is { State: not 'Z' } entry)
            {
                members.Add(entry);
            }
        }

        return members;
    }

    private static bool IsInside(int pid, int outside)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/ns/pid", false)?.Name != File.ResolveLinkTarget($"/proc/{outside}/ns/pid", false)?.Name;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
