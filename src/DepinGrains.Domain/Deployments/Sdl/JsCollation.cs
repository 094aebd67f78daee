namespace DepinGrains.Domain.Deployments.Sdl;

/// <summary>
/// The order of JavaScript's <c>localeCompare</c> (Unicode root collation), which Akash's tools sort services, exposed ports and attributes by, and which the manifest hash therefore depends on.
/// Exact for ASCII; beyond it, characters follow all of ASCII in code order.
/// </summary>
internal sealed class JsCollation : IComparer<string>
{
    public static readonly JsCollation Instance = new();

    // Digits and letters follow; control characters not named here weigh nothing. Order read off ICU by sorting all of ASCII.
    private const string Punctuation = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

    private static readonly int[] Primary = BuildPrimary();

    public int Compare(string? x, string? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        int i = 0, j = 0, tie = 0;
        while (true)
        {
            i = SkipWeightless(x, i);
            j = SkipWeightless(y, j);
            if (i == x.Length || j == y.Length)
            {
                return i == x.Length && j == y.Length ? tie : i == x.Length ? -1 : 1;
            }

            var order = Weight(x[i]).CompareTo(Weight(y[j]));
            if (order != 0)
            {
                return order;
            }

            if (tie == 0 && x[i] != y[j])
            {
                // Same letter, other case: small letters come first, but only when nothing else tells the two apart.
                tie = char.IsAsciiLetterLower(x[i]) ? -1 : 1;
            }

            i++;
            j++;
        }
    }

    private static int SkipWeightless(string text, int at)
    {
        while (at < text.Length && Weight(text[at]) == 0)
        {
            at++;
        }

        return at;
    }

    private static int Weight(char c) => c < 128 ? Primary[c] : c + 128;

    private static int[] BuildPrimary()
    {
        var weights = new int[128];
        var next = 1;
        foreach (var c in Punctuation)
        {
            weights[c] = next++;
        }

        for (var c = '0'; c <= '9'; c++)
        {
            weights[c] = next++;
        }

        for (var c = 'a'; c <= 'z'; c++)
        {
            weights[c] = weights[char.ToUpperInvariant(c)] = next++;
        }

        return weights;
    }
}
