using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace DepinGrains.Cli.Common;

/// <summary>What the process ends with, and the part of <c>--help</c> that says so.</summary>
public static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Refused, failed, or wrongly used.</summary>
    public const int Refused = 1;

    /// <summary>The server cannot be reached, or did not say what became of the request.</summary>
    public const int Unreachable = 2;

    /// <summary>Created, but not running in time.</summary>
    public const int NotYet = 3;

    /// <summary>A shell's connection was lost.</summary>
    public const int ConnectionLost = 255;

    private static readonly ConditionalWeakTable<Command, List<(int Code, string Meaning)>> Own = [];
    private static readonly ConditionalWeakTable<Command, string> Rest = [];

    /// <summary>Codes of one command beside, or instead of, the common ones.</summary>
    public static void Document(Command command, params ReadOnlySpan<(int Code, string Meaning)> codes)
    {
        var list = Own.GetOrCreateValue(command);
        foreach (var code in codes)
        {
            list.Add(code);
        }
    }

    /// <summary>The command may end with codes that are not ours.</summary>
    public static void Passes(Command command, string sentence) => Rest.Add(command, sentence);

    /// <summary>The codes of a command, ascending.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> Of(Command command)
    {
        var codes = new SortedDictionary<int, string>
        {
            [Done] = "done",
            [Refused] = "refused, failed or wrongly used; stderr says why",
            [Unreachable] = "the server cannot be reached, or what became of the request is unknown: look first (depin ledger statement), then ask again with the --request-id that stderr names",
        };
        if (Own.TryGetValue(command, out var own))
        {
            foreach (var (code, meaning) in own)
            {
                codes[code] = meaning;
            }
        }

        return [.. codes.Select(static c => (c.Key, c.Value))];
    }

    /// <summary>Makes <c>--help</c> end with the exit codes.</summary>
    public static void AddToHelp(RootCommand root)
    {
        ArgumentNullException.ThrowIfNull(root);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithCodes((HelpAction)help.Action!);
    }

    private sealed class HelpWithCodes(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            var command = parseResult.CommandResult.Command;
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Exit codes:");
            foreach (var (number, meaning) in Of(command))
            {
                output.WriteLine($"  {number,-4}{meaning}");
            }

            if (Rest.TryGetValue(command, out var rest))
            {
                output.WriteLine($"  {rest}");
            }

            return code;
        }
    }
}
