using System.Globalization;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;

namespace DepinGrains.Agent.Workloads.Native;

/// <summary>What stands between a native program and the machine, strongest first.</summary>
internal enum SandboxKind
{
    /// <summary>bubblewrap: own root folder, process list, IPC; unprivileged user when the agent is root.</summary>
    Bubblewrap = 0,

    /// <summary><c>unshare</c> + <c>setpriv</c>: own process list and mounts, unprivileged user. Needs root.</summary>
    Namespaces = 1,

    /// <summary><c>setpriv</c>: an unprivileged user. Needs root.</summary>
    UserOnly = 2,

    /// <summary>Nothing: only programs the owner listed.</summary>
    None = 3,
}

/// <summary>One run inside a sandbox.</summary>
/// <param name="User">Unprivileged user and group when the agent is root, else null.</param>
/// <param name="Launcher">Script that sets the environment and becomes the program.</param>
/// <param name="Home">The lease's folder, current folder of the program.</param>
/// <param name="Mounts">(host folder, path inside, read-only).</param>
/// <param name="ReadOnlyPaths">Host paths shown at the same place.</param>
/// <param name="Devices">Device files shown.</param>
/// <param name="MemoryFolders">(path inside, size in bytes) of folders that live in memory.</param>
/// <param name="ScratchBytes">Size of <c>/tmp</c>; 0: the system's default.</param>
internal sealed record SandboxRun(
    int? User, string Launcher, string Home, IReadOnlyList<(string Host, string Inside, bool ReadOnly)> Mounts, IReadOnlyList<string> ReadOnlyPaths, IReadOnlyList<string> Devices,
    IReadOnlyList<(string Inside, long Bytes)> MemoryFolders, long ScratchBytes);

/// <summary>Builds the command lines of <see cref="SandboxKind"/>, and finds out which kind works here.</summary>
internal static class NativeSandbox
{
    /// <summary>Where <see cref="SandboxRun.Launcher"/> and <see cref="SandboxRun.Home"/> are inside bubblewrap.</summary>
    public const string LauncherInside = "/depin/launch.sh";

    public const string HomeInside = "/home/depin";

    // Of /etc only what name resolution, TLS and the loader need; never passwords, keys or the host's own configuration.
    private static readonly string[] EtcPaths =
    [
        "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
        "/etc/alternatives", "/etc/localtime", "/etc/protocols", "/etc/services",
    ];

    private static readonly string[] SystemFolders = ["/bin", "/sbin", "/lib", "/lib64", "/lib32"];

    private static readonly string[] DropAll = ["--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"];

    /// <summary>The first kind that really starts a program here.</summary>
    public static async Task<SandboxKind> ProbeAsync(NativeSandboxMode mode, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (mode == NativeSandboxMode.None || !OperatingSystem.IsLinux())
        {
            return SandboxKind.None;
        }

        int? user = Libc.IsRoot ? 65_534 : null;
        var folder = Directory.CreateTempSubdirectory("depin-probe-").FullName;
        try
        {
            AgentPaths.MakePassable(folder);
            var launcher = Path.Combine(folder, "launch.sh");
            await File.WriteAllTextAsync(launcher, "exit 0\n", cancellationToken);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(launcher, (UnixFileMode)0b110_100_100);
            }

            return await ProbeAsync(mode, user, folder, launcher, clock, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<SandboxKind> ProbeAsync(
        NativeSandboxMode mode, int? user, string folder, string launcher, TimeProvider clock, CancellationToken cancellationToken)
    {
        foreach (var kind in new[] { SandboxKind.Bubblewrap, SandboxKind.Namespaces, SandboxKind.UserOnly })
        {
            if ((kind != SandboxKind.Bubblewrap && user is null) || (kind == SandboxKind.UserOnly && mode == NativeSandboxMode.Required))
            {
                continue;
            }

            var command = Command(kind, new SandboxRun(user, launcher, folder, [], [], [], [], 0));
            var result = await CommandRunner.RunAsync(command[0], [.. command[1..]], TimeSpan.FromSeconds(10), clock, cancellationToken);
            if (result.Ok)
            {
                return kind;
            }
        }

        return SandboxKind.None;
    }

    /// <summary>Program and arguments that run <c>sh LAUNCHER</c> in the sandbox.</summary>
    public static List<string> Command(SandboxKind kind, SandboxRun run) => kind switch
    {
        SandboxKind.Bubblewrap => Bubblewrap(run),
        SandboxKind.Namespaces =>
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts", "--", .. Drop(run), "/bin/sh", run.Launcher],
        SandboxKind.UserOnly => [.. Drop(run), "/bin/sh", run.Launcher],
        _ => ["/bin/sh", run.Launcher],
    };

    private static List<string> Bubblewrap(SandboxRun run)
    {
        List<string> command = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "depin"];
        if (run.User is null)
        {
            command.Add("--unshare-user");
        }

        command.AddRange(["--ro-bind", "/usr", "/usr"]);
        foreach (var folder in SystemFolders)
        {
            // Merged /usr: /bin is a link; otherwise a folder of its own.
            if (new DirectoryInfo(folder) is { Exists: true } info)
            {
                command.AddRange(info.LinkTarget is { } target ? ["--symlink", target, folder] : ["--ro-bind", folder, folder]);
            }
        }

        command.AddRange(["--perms", "0755", "--dir", "/etc"]);
        foreach (var path in EtcPaths)
        {
            command.AddRange(["--ro-bind-try", path, path]);
        }

        command.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        if (run.ScratchBytes > 0)
        {
            command.AddRange(["--size", run.ScratchBytes.ToString(CultureInfo.InvariantCulture)]);
        }

        command.AddRange(["--perms", "1777", "--tmpfs", "/tmp"]);
        foreach (var folder in Parents(run))
        {
            // bubblewrap makes missing parents for itself only; the program is another user.
            command.AddRange(["--perms", "0755", "--dir", folder]);
        }

        command.AddRange(["--bind", run.Home, HomeInside, "--ro-bind", run.Launcher, LauncherInside]);
        foreach (var path in run.ReadOnlyPaths)
        {
            command.AddRange(["--ro-bind-try", path, path]);
        }

        foreach (var device in run.Devices)
        {
            command.AddRange(["--dev-bind-try", device, device]);
        }

        foreach (var (inside, bytes) in run.MemoryFolders)
        {
            command.AddRange([.. bytes > 0 ? new[] { "--size", bytes.ToString(CultureInfo.InvariantCulture) } : [], "--perms", "1777", "--tmpfs", inside]);
        }

        foreach (var (host, inside, readOnly) in run.Mounts)
        {
            command.AddRange([readOnly ? "--ro-bind" : "--bind", host, inside]);
        }

        command.AddRange(["--chdir", HomeInside, "--", .. Drop(run), "/bin/sh", LauncherInside]);
        return command;
    }

    /// <summary>Program and arguments that run a command among the processes of a workload that runs already.</summary>
    /// <param name="inside">A process of the workload that is inside the sandbox.</param>
    public static List<string> Enter(SandboxKind kind, SandboxRun run, int inside, IEnumerable<string> command)
    {
        var pid = inside.ToString(CultureInfo.InvariantCulture);
        return kind switch
        {
            SandboxKind.Bubblewrap or SandboxKind.Namespaces =>
            [
                "nsenter", "--target", pid, "--mount", "--pid", "--ipc", "--uts", .. run.User is null ? ["--user", "--preserve-credentials"] : Array.Empty<string>(), "--",
                .. Drop(run), "/bin/sh", kind == SandboxKind.Bubblewrap ? LauncherInside : run.Launcher, .. command,
            ],
            _ => [.. Drop(run), "/bin/sh", run.Launcher, .. command],
        };
    }

    private static IEnumerable<string> Parents(SandboxRun run)
    {
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var target in run.Mounts.Select(m => m.Inside).Concat(run.MemoryFolders.Select(m => m.Inside)).Concat(run.ReadOnlyPaths).Concat([LauncherInside, HomeInside]))
        {
            for (var at = target.IndexOf('/', 1); at > 0; at = target.IndexOf('/', at + 1))
            {
                made.Add(target[..at]);
            }
        }

        made.Remove("/tmp");
        return made.Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Drop(SandboxRun run) => run.User is not { } user
        ? []
        : ["setpriv", string.Create(CultureInfo.InvariantCulture, $"--reuid={user}"), string.Create(CultureInfo.InvariantCulture, $"--regid={user}"), .. DropAll];
}
