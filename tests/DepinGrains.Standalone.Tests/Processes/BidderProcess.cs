using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>A real <c>depin provider run</c>.</summary>
internal sealed class BidderProcess(string server, string key, params string[] arguments) : ServiceProcess(server, key, ["provider", "run", .. arguments]);

/// <summary>A real command of <c>depin</c> that runs until it is told to end; its log is JSON lines.</summary>
internal class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<JsonNode> _lines = [];
    private readonly Task _reading;

    public ServiceProcess(string server, string key, params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["DEPIN_SERVER"] = server, ["DEPIN_KEY"] = key };
        _process = Programs.Start(Programs.Dll("DepinGrains.Cli", "depin"), environment, [.. arguments, "-o", "json"]);
        Errors = _process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public Task<string> Errors { get; }

    /// <summary>Waits for a log line.</summary>
    public async Task<JsonNode> SaysAsync(string what, Func<JsonNode, bool> line, int seconds = 90)
    {
        try
        {
            return await Programs.EventuallyAsync(what, () =>
            {
                lock (_lines)
                {
                    return Task.FromResult(_lines.Find(l => line(l)));
                }
            }, seconds);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}; it said {string.Join('\n', Lines().TakeLast(20).Select(static l => l.ToJsonString()))}{(Errors.IsCompletedSuccessfully ? "\nand ended: " + await Errors : "")}");
        }
    }

    /// <summary>All it said so far.</summary>
    public IReadOnlyList<JsonNode> Lines()
    {
        lock (_lines)
        {
            return [.. _lines];
        }
    }

    /// <summary>Asks it to end as a service manager does; answers the exit code.</summary>
    public Task<int> EndAsync() => EndAsync("-TERM");

    /// <summary>Ctrl-C.</summary>
    public Task<int> InterruptAsync() => EndAsync("-INT");

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
    }

    private async Task<int> EndAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var node = JsonNode.Parse(line)!;
            lock (_lines)
            {
                _lines.Add(node);
            }
        }
    }
}
