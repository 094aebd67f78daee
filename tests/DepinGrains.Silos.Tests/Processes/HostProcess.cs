using System.Diagnostics;
using System.Globalization;

namespace DepinGrains.Silos.Tests.Processes;

/// <summary>One silo or gateway of this build as a process. Its output goes to a file, of which a failing test shows the end.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly string Repository = FindRepository();
    private static readonly string Flavour = AppContext.BaseDirectory[(AppContext.BaseDirectory.LastIndexOf($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal) + 5)..];
    private static readonly HttpClient Probe = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(2) };

    private readonly string _dll;
    private readonly string? _netns;
    private readonly string _log;
    private readonly IReadOnlyDictionary<string, string> _settings;
    private Process? _process;

    /// <param name="dll">The program: <see cref="Dll"/>, or one of another build.</param>
    public HostProcess(string dll, string name, string logFolder, string? netns, string managementAddress, int managementPort, IReadOnlyDictionary<string, string> settings)
    {
        (_dll, Name, _netns, _settings) = (dll, name, netns, settings);
        _log = Path.Combine(logFolder, name + ".log");
        Management = new Uri($"http://{managementAddress}:{managementPort}");
    }

    public string Name { get; }

    public Uri Management { get; }

    public bool Running => _process is { HasExited: false };

    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>Runs a host that is expected to end by itself.</summary>
    public static async Task<(int Code, string Error)> RunToEndAsync(string project, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Dll(project)]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        _ = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = await process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, error);
    }

    /// <summary>Starts it; answers at once.</summary>
    public void Start()
    {
        string[] program = ["dotnet", _dll];
        string[] words = _netns is null ? program : ["ip", "netns", "exec", _netns, .. program];
        var start = new ProcessStartInfo("sh") { WorkingDirectory = Repository };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec \"$@\" >>'{_log}' 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in _settings)
        {
            start.Environment[name] = value;
        }

        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Name} did not start");
    }

    /// <summary>Waits for a probe to answer 200.</summary>
    public Task HealthyAsync(string probe = "ready", int seconds = 120) => Eventually.TrueAsync($"{Name} /health/{probe}", async () => await StatusAsync(probe) == 200, seconds, () => Running ? null : $"{Name} ended with {ExitCode}:\n{LogEnd()}");

    /// <summary>A probe's status code; 0 when nothing answers.</summary>
    public async Task<int> StatusAsync(string probe)
    {
        try
        {
            using var answer = await Probe.GetAsync(new Uri(Management, "/health/" + probe));
            return (int)answer.StatusCode;
        }
        catch (Exception problem) when (problem is HttpRequestException or TaskCanceledException)
        {
            return 0;
        }
    }

    /// <summary>The sum of all series of its metrics page whose line begins so and has this label; 0 when there is none.</summary>
    public async Task<double> MetricAsync(string series, string label = "") =>
        (await Probe.GetStringAsync(new Uri(Management, "/metrics"))).Split('\n').Where(line => line.StartsWith(series, StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal)).Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>A signal by name, e.g. STOP, CONT, TERM.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<int> EndedAsync(TimeSpan limit)
    {
        await _process!.WaitForExitAsync().WaitAsync(limit);
        return _process.ExitCode;
    }

    /// <summary>TERM, then its end, which must be one in good order.</summary>
    public async Task StopAsync()
    {
        await SignalAsync("TERM");
        var code = await EndedAsync(TimeSpan.FromSeconds(120));
        Assert.True(code == 0, $"{Name} ended with {code}:\n{LogEnd()}");
    }

    /// <summary>The end of what it said, without what a test runner's messages could stumble over.</summary>
    public string LogEnd(int characters = 4_000)
    {
        var text = File.Exists(_log) ? File.ReadAllText(_log) : "";
        return string.Concat(text[Math.Max(0, text.Length - characters)..].Where(static c => c == '\n' || !(char.IsControl(c) || char.IsSurrogate(c))));
    }

    public async ValueTask DisposeAsync()
    {
        if (Running)
        {
            _process!.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
    }

    /// <summary>A host's program as this build made it.</summary>
    public static string Dll(string project) => Path.Combine(Repository, "src", project, "bin", Flavour, project + ".dll");

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("DepinGrains.sln is not above the tests");
    }
}
