using System.Diagnostics;
using System.Text.Json.Nodes;

namespace DepinGrains.Standalone.Tests.Processes;

/// <summary>The real programs of this build, found beside each other in src/*/bin of the same runtime and configuration.</summary>
internal static class Programs
{
    public static readonly string Repository = FindRepository();

    /// <summary>Runtime, configuration and framework: what follows the test project's own bin.</summary>
    private static readonly string Flavour = AppContext.BaseDirectory[(AppContext.BaseDirectory.LastIndexOf($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal) + 5)..];

    public static string Dll(string project, string? name = null) => Path.Combine(Repository, "src", project, "bin", Flavour, (name ?? project) + ".dll");

    public static Process Start(string dll, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        // What a script starts in the background ignores Ctrl-C, and so do all its children: these must not.
        var start = OperatingSystem.IsLinux() ? new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", dll]) : new ProcessStartInfo("dotnet", [dll]);
        (start.RedirectStandardOutput, start.RedirectStandardError, start.WorkingDirectory) = (true, true, Repository);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"{dll} did not start");
    }

    /// <summary>Runs a program to its end, at most five minutes.</summary>
    public static async Task<(int Code, string Out, string Error)> RunAsync(string dll, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        using var process = Start(dll, environment, arguments);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Path.GetFileName(dll)} {string.Join(' ', arguments)} did not end in five minutes");
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary>Runs a program of the system to its end, at most five minutes.</summary>
    public static async Task<(int Code, string Out, string Error)> RunOtherAsync(string program, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Waits for a condition, asking again every 200 ms, at most <paramref name="seconds"/>.</summary>
    public static async Task<T> EventuallyAsync<T>(string what, Func<Task<T?>> ask, int seconds = 240)
        where T : class
    {
        var until = Stopwatch.StartNew();
        Exception? last = null;
        while (until.Elapsed < TimeSpan.FromSeconds(seconds))
        {
            try
            {
                if (await ask() is { } answer)
                {
                    return answer;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or CommandException or IOException)
            {
                last = e;
            }

            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            await pause.WaitForNextTickAsync();
        }

        throw new TimeoutException($"{what}: not within {seconds} s; last problem: {last?.Message ?? "none"}");
    }

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

/// <summary>A command that ended with another code than 0.</summary>
internal sealed class CommandException(string message) : Exception(message);

/// <summary><c>depin</c> as one person uses it: own key, one server.</summary>
internal sealed class Depin(string server, string keyFile)
{
    private readonly Dictionary<string, string> _environment = new() { ["DEPIN_SERVER"] = server, ["DEPIN_KEY"] = keyFile };

    public string KeyFile => keyFile;

    /// <summary>Runs a command and answers its stdout; fails when it fails.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var (code, output, error) = await Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), _environment, arguments);
        return code == 0 ? output : throw new CommandException($"depin {string.Join(' ', arguments)}: {code} {error}{output}");
    }

    /// <summary>Runs a command with <c>-o json</c>: stdout must be JSON and nothing else.</summary>
    public async Task<JsonNode> JsonAsync(params string[] arguments) => JsonNode.Parse(await RunAsync([.. arguments, "-o", "json"]))!;

    /// <summary>Runs a command with text on its standard input.</summary>
    public Task<(int Code, string Out, string Error)> FeedAsync(string input, params string[] arguments) => RunOtherAsync("dotnet", input, [Programs.Dll("DepinGrains.Cli", "depin"), .. arguments]);

    /// <summary>Runs another program in this person's environment.</summary>
    public async Task<(int Code, string Out, string Error)> RunOtherAsync(string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Programs.Repository };
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in five minutes");
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary>Runs a command whatever it ends with.</summary>
    public Task<(int Code, string Out, string Error)> TryAsync(params string[] arguments) => Programs.RunAsync(Programs.Dll("DepinGrains.Cli", "depin"), _environment, arguments);
}
