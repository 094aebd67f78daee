using System.Diagnostics;

namespace DepinGrains.Deployment.Tests.Images;

/// <summary>The images, built once from the Dockerfile on stand-in bases (tests/tools/images/build.sh).</summary>
public sealed class ImageSet
{
    /// <summary>What this machine's kernel needs of podman (see the file); harmless elsewhere.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Environment = new Dictionary<string, string>
    {
        ["CONTAINERS_CONF"] = System.Environment.GetEnvironmentVariable("CONTAINERS_CONF") ?? Repository.At("tests", "tools", "containers.conf"),
    };

    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(15);
    private readonly Lazy<Task> _built = new(BuildAsync);

    /// <summary>True when the images hold the Orleans build, which alone has silos and gateways.</summary>
#if ORLEANS_RUNTIME
    public static bool IsOrleans => true;
#else
    public static bool IsOrleans => false;
#endif

    /// <summary>Waits until the images are there, or skips; in CI, once images are asked for, what builds them must be there.</summary>
    public Task NeedAsync()
    {
        Assert.SkipUnless(System.Environment.GetEnvironmentVariable("DEPIN_TEST_IMAGES") is "1" or "built", "skipped: needs DEPIN_TEST_IMAGES=1 (builds four images; takes minutes)");
        Repository.Need(System.Environment.IsPrivilegedProcess && Repository.Has("podman") && Repository.Has("buildah") && Repository.Has("mmdebstrap"), "podman, buildah and mmdebstrap (as root)");
        return _built.Value;
    }

    /// <summary>Waits for a condition, asking again every half second.</summary>
    internal static async Task<T> EventuallyAsync<T>(string what, Func<Task<T?>> ask, Func<Task<string>> logs, int seconds = 300)
        where T : class
    {
        Exception? last = null;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromSeconds(seconds);)
        {
            try
            {
                if (await ask() is { } answer)
                {
                    return answer;
                }
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or CommandFailedException)
            {
                last = e;
            }

            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
            await pause.WaitForNextTickAsync();
        }

        throw new TimeoutException($"{what}: not within {seconds} s; last problem: {last?.Message ?? "none"}\n{await logs()}");
    }

    private static async Task BuildAsync()
    {
        if (System.Environment.GetEnvironmentVariable("DEPIN_TEST_IMAGES") == "built")
        {
            // Somebody built them already; for working on these tests.
            return;
        }

        var (code, output, error) = await Repository.RunAsync(Repository.At("tests", "tools", "images", "build.sh"), [IsOrleans ? "Orleans" : "Local"], BuildLimit);
        Assert.True(code == 0, $"{output[^Math.Min(4_000, output.Length)..]}\n{error[^Math.Min(4_000, error.Length)..]}");
    }
}
