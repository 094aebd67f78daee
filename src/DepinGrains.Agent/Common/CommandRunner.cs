using System.Diagnostics;
using System.Text;

namespace DepinGrains.Agent.Common;

/// <summary>What a command answered. Output beyond the limit is dropped, the command is still drained.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;

    /// <summary>The last line of the error, for people.</summary>
    public string Reason
    {
        get
        {
            var text = (Error.Length > 0 ? Error : Output).TrimEnd();
            var line = text[(text.LastIndexOf('\n') + 1)..].Trim();
            return line.Length > 300 ? line[..300] : line.Length == 0 ? $"exit code {ExitCode}" : line;
        }
    }
}

/// <summary>Runs short commands of the system with a time limit.</summary>
internal static class CommandRunner
{
    private const int OutputCharsMax = 4 << 20;

    /// <summary>Exit code when the program does not exist or cannot be started.</summary>
    public const int NotFound = 127;

    /// <summary>Exit code when the time was up and it was killed.</summary>
    public const int TimedOut = 124;

    public static async Task<CommandResult> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? environment = null, string? input = null)
    {
        using var process = new Process { StartInfo = Describe(program, arguments, environment) };
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return new CommandResult(NotFound, "", e.Message);
        }

        using var timer = new CancellationTokenSource(limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        var output = DrainAsync(process.StandardOutput);
        var error = DrainAsync(process.StandardError);
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), both.Token);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading its input; its exit code tells.
        }
        catch (OperationCanceledException)
        {
            Kill(process);
        }

        try
        {
            await process.WaitForExitAsync(both.Token);
            // A grandchild may hold the pipes open; what came within the limit counts.
            await Task.WhenAll(output, error).WaitAsync(both.Token);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            cancellationToken.ThrowIfCancellationRequested();
            return new CommandResult(TimedOut, "", $"'{Path.GetFileName(program)}' took longer than {limit}");
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }

    private static ProcessStartInfo Describe(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var info = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        return info;
    }

    private static async Task<string> DrainAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        var buffer = new char[4_096];
        try
        {
            int read;
            while ((read = await reader.ReadAsync(buffer)) > 0)
            {
                text.Append(buffer, 0, Math.Min(read, OutputCharsMax - text.Length));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The command was killed; what it said until then is all there is.
        }

        return text.ToString();
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // Ended by itself in the meantime.
        }
    }
}
