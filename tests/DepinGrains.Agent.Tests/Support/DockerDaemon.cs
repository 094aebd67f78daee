using System.Diagnostics;
using DepinGrains.Agent.Common;
using DepinGrains.Agent.Options;
using DepinGrains.Agent.Workloads.Containers;
using DepinGrains.Agent.Tests.Support;

[assembly: AssemblyFixture(typeof(DockerDaemon))]

namespace DepinGrains.Agent.Tests.Support;

/// <summary>
/// A docker of the tests' own: the daemon keeps all it has in a folder of its own and leaves the machine's firewall alone, so nothing of it is left. Begun when the first test asks for it; needs dockerd, docker and root.
/// </summary>
public sealed class DockerDaemon : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _once = new(1, 1);
    private string? _folder;
    private Process? _process;
    private (ContainerEngine? Engine, string Problem)? _started;

    /// <summary>The engine, or why there is none.</summary>
    internal async Task<(ContainerEngine? Engine, string Problem)> EngineAsync()
    {
        await _once.WaitAsync();
        try
        {
            return _started ??= await StartAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            // Politely, so that it unmounts what it mounted.
            await CommandRunner.RunAsync("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)], Patience, TimeProvider.System, default);
            try
            {
                await _process.WaitForExitAsync().WaitAsync(Patience);
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
            }

            _process.Dispose();
        }

        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }

        _once.Dispose();
    }

    private async Task<(ContainerEngine?, string)> StartAsync()
    {
        if (!Environment.IsPrivilegedProcess || !Has("dockerd") || !Has("docker"))
        {
            return (null, "dockerd, docker and root");
        }

        _folder = Directory.CreateTempSubdirectory("depin-docker-").FullName;
        var socket = "unix://" + Path.Combine(_folder, "socket");
        var log = Path.Combine(_folder, "log");
        // A shell of one line keeps its log in a file; exec makes it the daemon itself.
        _process = Process.Start(
            "/bin/sh",
            ["-c", "exec dockerd --host \"$1\" --data-root \"$2/data\" --exec-root \"$2/exec\" --pidfile \"$2/pid\" --iptables=false --shutdown-timeout 1 > \"$2/log\" 2>&1", "sh", socket, _folder]);

        // As an owner would say it: a program by its name, here one that knows where its daemon is.
        var program = Path.Combine(_folder, "docker");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nexec docker --host {socket} \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        ContainerEngine? engine = null;
        var since = Stopwatch.StartNew();
        while (engine is null && !_process.HasExited && since.Elapsed < Patience)
        {
            engine = await ContainerEngine.FindAsync(new ContainerOptions { Program = program }, TimeProvider.System, default);
            if (engine is null)
            {
                using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
                await pause.WaitForNextTickAsync();
            }
        }

        return engine is null ? (null, "a dockerd that starts here: " + (await File.ReadAllLinesAsync(log)).LastOrDefault()) : (engine, "");
    }

    private static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));
}
