using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary><c>depin lease shell</c> into a real native workload.</summary>
public sealed class ShellTests(RunningNetwork network)
{
    [Fact]
    public async Task Piped_InputReachesTheShell_OutputComesBack_AndItsExitCodeIsOurs()
    {
        var (tenant, lease) = await network.ReadyAsync();
        var (code, output, error) = await tenant.FeedAsync("echo \"in $DEPIN_LEASE\"; exit 7\n", "lease", "shell", lease);
        Assert.Equal((7, $"in {lease}\n", ""), (code, output, error));
    }

    [Fact]
    public async Task Piped_TwoMegabytesGoInAndComeOutWhole()
    {
        var (tenant, lease) = await network.ReadyAsync();
        var text = string.Concat(Enumerable.Range(0, 250_000).Select(static i => $"{i:0000000}\n"));
        var (code, output, _) = await tenant.FeedAsync(text, "lease", "shell", lease, "--", "/bin/sh", "-c", "cat | tail -n 200000");
        Assert.Equal(0, code);
        Assert.True(text.EndsWith(output, StringComparison.Ordinal) && output.Length == 200_000 * 8, $"{output.Length} bytes came back");
    }

    [Fact]
    public async Task OnATerminal_TheProgramHasOne_WithItsSize_AndKeysReachIt()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "skipped: needs script(1)");
        var (tenant, lease) = await network.ReadyAsync();
        var dll = Programs.Dll("DepinGrains.Cli", "depin");
        var (code, output, _) = await tenant.RunOtherAsync(
            "/usr/bin/script", "", "-qefc", $"stty rows 33 cols 77; dotnet '{dll}' lease shell '{lease}' -- /bin/sh -c 'test -t 0 && test -t 1 && stty size; exit 9'", "/dev/null");
        Assert.Contains("33 77", output, StringComparison.Ordinal);
        Assert.Equal(9, code);
    }

    [Fact]
    public async Task WhatIsRefused_IsRefusedWithCodeNumbersAndAdvice()
    {
        var (tenant, lease) = await network.ReadyAsync();
        var (code, output, error) = await tenant.TryAsync("lease", "shell", lease, "--service", "nope");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("lease.workload_not_found", error, StringComparison.Ordinal);
        Assert.Contains("hello/0", error, StringComparison.Ordinal);
        Assert.Contains("depin lease show", error, StringComparison.Ordinal);

        var stranger = new Depin(network.Url, Path.Combine(network.Folder, "stranger.pem"));
        await stranger.RunAsync("identity", "show");
        (code, _, error) = await stranger.TryAsync("lease", "shell", lease);
        Assert.Equal(1, code);
        Assert.Contains("identity.foreign", error, StringComparison.Ordinal);
    }
}
