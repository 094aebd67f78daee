using System.Diagnostics;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>A real agent on this machine, with ports of its own. Killed with its workloads at the end.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly Process _process;
    private bool _ended;

    public AgentProcess(string folder, string gateway, string token, int firstPort, params string[] more)
    {
        _process = Programs.Start(
            Programs.Dll("DepinGrains.Agent"), null, ["run", "--gateway", gateway, "--join-token", token, "--work-dir", folder, "--native", "true",
            "--port-min", firstPort.ToString(System.Globalization.CultureInfo.InvariantCulture), "--port-max", (firstPort + 50).ToString(System.Globalization.CultureInfo.InvariantCulture), "--stop-on-exit", "true", .. more]);
        _ = _process.StandardOutput.ReadToEndAsync();
        _ = _process.StandardError.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        if (!_process.HasExited)
        {
            // Politely first, so that its workloads end with it.
            using var term = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await term.WaitForExitAsync();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }
}
