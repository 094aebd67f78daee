using System.Diagnostics;

namespace DepinGrains.Deployment.Tests;

/// <summary>The checkout these tests were built from, and the programs of this machine.</summary>
internal static class Repository
{
    public static readonly string Root = Find();

    /// <summary>True in <c>.ci/run</c>: what the tests need must be there.</summary>
    public static bool InCi => Environment.GetEnvironmentVariable("CI") is { Length: > 0 };

    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>A file of <c>../shared</c> (or DEPIN_SHARED), which is not part of the repository; null: not here.</summary>
    public static string? Shared(params string[] parts)
    {
        var beside = Path.GetFullPath(Path.Combine(Root, "..", "shared"));
        string[] folders = [Environment.GetEnvironmentVariable("DEPIN_SHARED") ?? beside, beside, "/work/shared"];
        return folders.Select(f => Path.Combine([f, .. parts])).FirstOrDefault(File.Exists);
    }

    public static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(f => f.Length > 0 && File.Exists(Path.Combine(f, program)));

    /// <summary>CI has it or fails; elsewhere the test says what is missing.</summary>
    public static void Need(bool there, string what)
    {
        Assert.True(there || !InCi, $"CI needs {what}");
        Assert.SkipUnless(there, $"skipped: needs {what}");
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Code, string Out, string Error)> RunAsync(string program, IEnumerable<string> arguments, TimeSpan? limit = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var timer = new CancellationTokenSource(limit ?? TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(timer.Token);
        var error = process.StandardError.ReadToEndAsync(timer.Token);
        try
        {
            await process.WaitForExitAsync(timer.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in time");
        }
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DepinGrains.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("DepinGrains.sln is not above the tests");
        }

        return folder.FullName;
    }
}
