using System.CommandLine;
using System.Text.Json;
using DepinGrains.Cli.Common;

namespace DepinGrains.Cli.Completion;

/// <summary><c>depin completion SHELL</c>: a script for the shell, which asks this program itself (<c>depin "[suggest:N]" "line"</c>) and needs nothing else.</summary>
public static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = string.Join(", ", Shells) };
        shell.AcceptOnlyFromAmong(Shells);
        var completion = new Command("completion", "a completion script: source <(depin completion bash); depin completion fish | source") { shell };
        completion.SetAction(parse =>
        {
            var name = parse.GetValue(shell)!;
            var script = CompletionScripts.Of(name, Self());
            if (parse.GetValue(GlobalOptions.Output) == OutputFormat.Json)
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(new { shell = name, script }));
            }
            else
            {
                Console.Out.Write(script);
            }

            return ExitCodes.Done;
        });
        return completion;
    }

    /// <summary>The words that start this very program, wherever it lies: its own executable, or dotnet and the assembly.</summary>
    private static IReadOnlyList<string> Self()
    {
        var process = Environment.ProcessPath ?? "depin";
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, Path.Combine(AppContext.BaseDirectory, "depin.dll")] : [process];
    }
}
