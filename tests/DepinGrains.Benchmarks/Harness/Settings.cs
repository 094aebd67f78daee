using System.Globalization;

namespace DepinGrains.Benchmarks.Harness;

/// <summary>What the command line asks for.</summary>
/// <param name="Scenarios">Names, or <c>all</c>.</param>
/// <param name="Seconds">Length of one measured run.</param>
/// <param name="Rounds">How often each side of a comparison runs, in turn.</param>
/// <param name="Quick">Smaller data and one round: to see that everything works.</param>
/// <param name="Json">Only JSON on stdout.</param>
internal sealed record Settings(IReadOnlyList<string> Scenarios, int Seconds, int Rounds, bool Quick, bool Json)
{
    /// <summary>Null and a sentence when the arguments make no sense.</summary>
    public static (Settings? Settings, string? Problem) Parse(string[] args)
    {
        var names = new List<string>();
        int? seconds = null, rounds = null;
        bool quick = false, json = false;
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    quick = true;
                    break;
                case "-o" or "--output" when i + 1 < args.Length && args[i + 1] is "json" or "table":
                    json = args[++i] == "json";
                    break;
                case "--seconds" when Number(args, ref i, 1, 600) is { } number:
                    seconds = number;
                    break;
                case "--rounds" when Number(args, ref i, 1, 100) is { } number:
                    rounds = number;
                    break;
                case var name when name.StartsWith('-'):
                    return (null, $"{name} is not understood, or its value is missing");
                case var name:
                    names.Add(name);
                    break;
            }
        }

        return (new Settings(names, seconds ?? (quick ? 2 : 6), rounds ?? (quick ? 1 : 3), quick, json), null);
    }

    /// <summary>Most seconds a side runs before it is measured.</summary>
    public int WarmUp => Size(18, 2);

    /// <summary>The full size, or the one that is enough to see that it works.</summary>
    public int Size(int full, int quick) => Quick ? quick : full;

    private static int? Number(string[] args, ref int i, int least, int most) =>
        i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out var number) && number >= least && number <= most && ++i > 0 ? number : null;
}
