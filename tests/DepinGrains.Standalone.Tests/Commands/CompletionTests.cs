using System.Diagnostics;
using DepinGrains.Standalone.Tests.Processes;

namespace DepinGrains.Standalone.Tests.Commands;

/// <summary>The completion scripts in the shells they are for: what stands in the line after a tab. Category: needs zsh, fish.</summary>
public sealed class CompletionTests
{
    /// <summary>An interactive zsh at a terminal of its own. A key behind the tab writes down what stands in its line then.</summary>
    private const string Zsh = """
        zmodload zsh/zpty
        cd "$3"
        zpty shell zsh -f -i
        zpty -w shell "autoload -Uz compinit; compinit -u -d '$4/dump'; unsetopt menucomplete automenu beep; bindkey -e; source <(dotnet '$1' completion zsh)"
        zpty -w shell "told() { print -r -- \$BUFFER > '$4/line.new'; mv '$4/line.new' '$4/line'; print -n 'TO''LD' }; zle -N told; bindkey '^X' told; print -r 'REA''DY'"
        zpty -r shell output '*READY*' && zpty -n -w shell "$2"$'\t\030' && zpty -r shell output '*TOLD*'
        zpty -d shell
        cat "$4/line"
        """;

    [Theory]
    [InlineData("depin lea", "depin lease ")]
    [InlineData("depin completion z", "depin completion zsh ")]
    [InlineData("depin lease shell --se", "depin lease shell --serv")]
    [InlineData("depin lease shell --service web --net", "depin lease shell --service web --network ")]
    [InlineData("depin deploy a.yaml; depin lease shel", "depin deploy a.yaml; depin lease shell ")]
    [InlineData("DEPIN_KEY=x depin miner r", "DEPIN_KEY=x depin miner run ")]
    [InlineData("depin deploy samples/hello-n", "depin deploy samples/hello-native.yaml ")]
    public async Task InZsh_ATab_CompletesTheLine(string typed, string line)
    {
        Assert.SkipUnless(Has("zsh"), "skipped: needs zsh");
        var folder = Directory.CreateTempSubdirectory("depin-zsh-");
        try
        {
            Assert.Equal(line, await OutputAsync("zsh", "-f", "-c", Zsh, "zsh", Cli, typed, Programs.Repository, folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("depin lea", "lease")]
    [InlineData("depin completion f", "fish")]
    [InlineData("depin lease shell --se", "--server --service")]
    [InlineData("depin lease shell --service web --net", "--network")]
    [InlineData("depin deploy a.yaml; depin lease shel", "shell")]
    [InlineData("depin deploy samples/hello-n", "samples/hello-native.yaml")]
    public async Task InFish_ATab_OffersWhatFits(string typed, string offered)
    {
        Assert.SkipUnless(Has("fish"), "skipped: needs fish");
        var lines = await OutputAsync("fish", "--no-config", "-c", "cd $argv[3]; dotnet $argv[1] completion fish | source; complete -C $argv[2]", Cli, typed, Programs.Repository);
        Assert.Equal(offered, string.Join(' ', lines.Split('\n').Select(static l => l.Split('\t')[0]).Where(static l => l.Length > 0).Order(StringComparer.Ordinal)));
    }

    private static string Cli => Programs.Dll("DepinGrains.Cli", "depin");

    private static bool Has(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>What a program writes, its last line break taken off.</summary>
    private static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return output.Length > 0 ? output[..^1] : throw new InvalidOperationException($"{program} {process.ExitCode}: {await error}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end in two minutes");
        }
    }
}
