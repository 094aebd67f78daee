using System.Diagnostics;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>Programs of this build, of the other runtime's build, and folders outside the repository.</summary>
internal static class Programs
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    public static readonly string Repository = FindRepository();

    /// <summary><c>shared</c> beside the repository, or null.</summary>
    public static string? Shared { get; } = new[] { Path.Combine(Repository, "..", "shared"), Environment.GetEnvironmentVariable("DEPIN_SHARED"), "/work/shared" }.FirstOrDefault(Directory.Exists);

    /// <summary>An executable of this build, e.g. <c>src/DepinGrains.Standalone</c>.</summary>
    public static string Of(string project, string? runtime = null) =>
        Path.Combine(Repository, project, "bin", runtime ?? Machine.Runtime, Configuration, "net10.0", Path.GetFileName(project));

    /// <summary>This program compiled against the given runtime; built first when it is not there or older than this one.</summary>
    public static async Task<string> BenchmarksOfAsync(string runtime)
    {
        const string project = "tests/DepinGrains.Benchmarks";
        var program = Of(project, runtime);
        if (runtime != Machine.Runtime && (!File.Exists(program) || File.GetLastWriteTimeUtc(program + ".dll") < File.GetLastWriteTimeUtc(Of(project) + ".dll").AddHours(-1)))
        {
            Bench.Say($"building {project} for the {runtime} runtime (once)");
            await RunAsync("dotnet", ["build", Path.Combine(Repository, project), "-c", Configuration, "-v", "q", "--nologo", $"-p:GrainRuntime={runtime}"], Repository);
        }

        return program;
    }

    /// <summary>Runs to the end and answers stdout.</summary>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await error} {output}");
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("DepinGrains.sln is not above this program");
    }
}
