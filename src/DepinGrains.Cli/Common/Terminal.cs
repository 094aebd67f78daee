using Spectre.Console;
using Spectre.Console.Rendering;

namespace DepinGrains.Cli.Common;

/// <summary>Drawing on stdout. Without a terminal lines are as wide as they need, so that grep finds ids whole.</summary>
public static class Terminal
{
    /// <summary>Draws.</summary>
    public static void Write(IRenderable what)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 400;
        }

        AnsiConsole.Write(what);
    }
}
