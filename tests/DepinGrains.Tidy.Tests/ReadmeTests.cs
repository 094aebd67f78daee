using DepinGrains.Cli;

namespace DepinGrains.Tidy.Tests;

/// <summary>What the README tells people to type exists.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Commands_NameProjectsThatExist_AndDepinUnderstandsItsOwn()
    {
        var commands = Blocks("README.md").Concat(Blocks(Path.Combine("samples", "README.md"))).ToArray();
        Assert.NotEmpty(commands);
        Assert.Empty(commands.Select(Problem).OfType<string>());
    }

    [Fact]
    public void Check_SeesAWrongCommand()
    {
        Assert.NotNull(Problem("dotnet run --project src/DepinGrains.Nowhere"));
        Assert.NotNull(Problem("dotnet run --project src/DepinGrains.Cli -- leese list"));
        Assert.NotNull(Problem("depin deploy"));
        Assert.Null(Problem("depin lease list -o json | jq ."));
    }

    private static IEnumerable<string> Blocks(string file)
    {
        var inside = false;
        foreach (var line in File.ReadLines(Repository.At(file)).Select(static l => l.Trim()))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inside = !inside && line is "```sh" or "```bash";
            }
            else if (inside && line.Length > 0 && line[0] != '#')
            {
                yield return line;
            }
        }
    }

    private static string? Problem(string command)
    {
        // What comes after a pipe, a redirection or a comment is the shell's.
        var words = command.Split([" | ", " > ", " # ", " && "], StringSplitOptions.None)[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(words, "--project");
        var project = at > 0 ? words[at + 1] : words is ["dotnet", "test" or "build", var path, ..] && !path.StartsWith('-') ? path : null;
        if (project is not null && !Directory.Exists(Repository.At(project)) && !File.Exists(Repository.At(project)))
        {
            return $"{command}: there is no {project}";
        }

        var mine = words[0] == "depin" ? words[1..] : project == "src/DepinGrains.Cli" && words.Contains("--") ? words[(Array.IndexOf(words, "--") + 1)..] : null;
        return mine is not null && CommandLine.Create().Parse(mine).Errors is { Count: > 0 } errors ? $"{command}: {errors[0].Message}" : null;
    }
}
