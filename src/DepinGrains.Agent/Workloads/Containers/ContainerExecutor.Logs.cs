using System.Diagnostics;
using System.Globalization;
using System.Text;
using DepinGrains.Agent.Logs;

namespace DepinGrains.Agent.Workloads.Containers;

/// <content>Output of containers: the engine keeps it, with a time stamp per line; up to which stamp, and how many lines of that stamp, were taken over stands in the log.</content>
internal sealed partial class ContainerExecutor
{
    public async Task PumpLogsAsync(string workloadId, LogBook log, CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo(engine.Program)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, StandardOutputEncoding = Encoding.UTF8, StandardErrorEncoding = Encoding.UTF8,
        };
        var since = Math.Min(log.Source(false), log.Source(true));
        List<string> arguments = ["logs", "--timestamps", "--follow"];
        if (since > 0)
        {
            arguments.AddRange(["--since", (since / 1_000_000_000).ToString(CultureInfo.InvariantCulture)]);
        }

        foreach (var argument in arguments.Append(NameOf(workloadId)))
        {
            info.ArgumentList.Add(argument);
        }

        using var process = Process.Start(info) ?? throw new IOException($"{engine.Program} did not start");
        using var stop = cancellationToken.Register(() => StopSoon(process));
        try
        {
            await Task.WhenAll(TakeAsync(process.StandardOutput, false, log), TakeAsync(process.StandardError, true, log));
            await process.WaitForExitAsync(CancellationToken.None);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    /// <summary>Following ends by itself when the container has ended; it is cut off only when it has not after a moment.</summary>
    private void StopSoon(Process process)
    {
        var timer = new CancellationTokenSource(TimeSpan.FromMilliseconds(700), clock);
        timer.Token.Register(() =>
        {
            try
            {
                process.Kill();
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or ObjectDisposedException)
            {
                // Ended by itself.
            }

            timer.Dispose();
        });
    }

    private async Task TakeAsync(StreamReader reader, bool error, LogBook log)
    {
        var resumed = new ResumedStream(log.Source(error), log.LinesAtSource(error));
        var chunk = new char[8_192];
        var line = new StringBuilder();
        int read;
        while ((read = await reader.ReadAsync(chunk)) > 0)
        {
            var taken = new List<(bool, DateTimeOffset, string, long)>();
            for (var i = 0; i < read; i++)
            {
                if (chunk[i] != '\n')
                {
                    line.Append(chunk[i]);
                }

                // Lines are cut to the limit, so that one without an end does not fill memory.
                if (chunk[i] == '\n' || line.Length >= options.Logs.LineBytes)
                {
                    Take(line, error, resumed, taken);
                }
            }

            if (taken.Count > 0)
            {
                log.Append(taken);
            }
        }
    }

    private void Take(StringBuilder line, bool error, ResumedStream resumed, List<(bool, DateTimeOffset, string, long)> taken)
    {
        var text = line.ToString().TrimEnd('\r');
        line.Clear();
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        // Without a stamp: the rest of a line that was cut, or the engine's own complaint.
        var stamped = EngineTime.TryParse(space < 0 ? text : text[..space], out var nanos);
        if (resumed.IsNew(stamped ? nanos : null))
        {
            var at = stamped ? DateTimeOffset.FromUnixTimeMilliseconds(nanos / 1_000_000) : clock.GetUtcNow();
            taken.Add((error, at, !stamped ? text : space < 0 ? "" : text[(space + 1)..], resumed.Reached));
        }
    }
}
