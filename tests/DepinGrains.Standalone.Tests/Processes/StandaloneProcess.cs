using System.Diagnostics;
using DepinGrains.Testing;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>A real standalone in a folder of its own; blocks of a tenth of a second, so that money moves while a test looks; no limits of rate.</summary>
internal sealed class StandaloneProcess(string data, params string[] settings) : IAsyncDisposable
{
    private const int PortsEach = 100;

    private readonly int _port = Ports.Free();

    // Workloads of several standalones run beside each other, and those of a run that was killed may still be there: without ports of its own one would answer for the other. The block's last port is the claim on it.
    private readonly int _portsFrom = Ports.Block(20_000, 29_500, PortsEach);
    private Process? _process;

    public string Url => $"http://127.0.0.1:{_port}";

    /// <summary>What it printed on stdout, the address first, and on stderr.</summary>
    public List<string> Lines { get; } = [];

    public bool HasExited => _process!.HasExited;

    /// <summary>The end of its log, for a failure's message.</summary>
    public string LastLines()
    {
        lock (Lines)
        {
            return string.Join('\n', Lines.TakeLast(60));
        }
    }

    public async Task StartAsync()
    {
        Lines.Clear();
        var process = Programs.Start(
            Programs.Dll("DepinGrains.Standalone"), null,
            ["--data", data, "--urls", Url, "--Network:BlockTime", "00:00:00.1", "--Deployments:RescreenEvery", "00:00:02", "--Http:CallerRequestsPerSecond", "0", "--Http:AddressRequestsPerSecond", "0",
                "--Agent:Resources:PortMin", Text(_portsFrom), "--Agent:Resources:PortMax", Text(_portsFrom + PortsEach - 2), .. settings]);
        _process = process;
        var first = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(4)) ?? throw new InvalidOperationException("standalone ended: " + await process.StandardError.ReadToEndAsync());
        Lines.Add(first);
        _ = DrainAsync(process.StandardOutput);
        _ = DrainAsync(process.StandardError);
    }

    /// <summary>kill -9 of the process alone: agents and workloads elsewhere go on.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ctrl-C; what it ends with.</summary>
    public async Task<int> InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", Text(_process!.Id)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
    }

    private static string Text(int port) => port.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task DrainAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (Lines)
            {
                Lines.Add(line);
            }
        }
    }
}
