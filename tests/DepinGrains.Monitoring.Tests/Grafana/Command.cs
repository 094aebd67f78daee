using System.Diagnostics;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Monitoring.Tests.Grafana;

/// <summary>Programs of this machine, run to their end.</summary>
internal static class Command
{
    public static async Task<(int Code, string Out, string Error)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Programs.Repository })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in two minutes");
        }
    }
}
