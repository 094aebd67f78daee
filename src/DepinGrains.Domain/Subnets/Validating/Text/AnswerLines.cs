namespace DepinGrains.Domain.Subnets.Validating.Text;

/// <summary>The numbered answers in a text.</summary>
internal static class AnswerLines
{
    private const int LinesMax = 200;
    private static readonly char[] Around = [' ', '\t', '\r', '*', '_', '`', '"', '\'', '.', ',', ';', '!', '(', ')'];

    /// <summary>
    /// Which of the expected answers stand in the line with their number (<c>2: lamp</c>, also <c>2.</c> or <c>2)</c>). The first line with a number counts, so that nobody tries several; it has to be the answer and nothing
    /// else, or, where the answer is a number, a sentence with that number alone.
    /// </summary>
    public static bool[] Right(string text, IReadOnlyList<string> expected)
    {
        var (right, seen) = (new bool[expected.Count], new bool[expected.Count]);
        foreach (var line in text.Split('\n', LinesMax))
        {
            var content = line.Trim(Around);
            var digits = content.TakeWhile(char.IsAsciiDigit).Count();
            if (digits is 0 or > 2 || digits == content.Length || content[digits] is not (':' or '.' or ')') || int.Parse(content[..digits], System.Globalization.CultureInfo.InvariantCulture) is var number && (number < 1 || number > expected.Count))
            {
                continue;
            }

            var at = int.Parse(content[..digits], System.Globalization.CultureInfo.InvariantCulture) - 1;
            if (!seen[at])
            {
                (seen[at], right[at]) = (true, Is(content[(digits + 1)..].Trim(Around), expected[at]));
            }
        }

        return right;
    }

    private static bool Is(string said, string expected) =>
        string.Equals(said, expected, StringComparison.OrdinalIgnoreCase) || (char.IsAsciiDigit(expected[0]) && Numbers(said) is [var only] && only == expected);

    /// <summary>The numbers in a sentence, thousands' separators taken out; a fraction or a minus makes another number of it.</summary>
    private static List<string> Numbers(string said)
    {
        var numbers = new List<string>();
        for (var i = 0; i < said.Length; i++)
        {
            if (!char.IsAsciiDigit(said[i]))
            {
                continue;
            }

            var start = i > 0 && said[i - 1] == '-' ? i - 1 : i;
            while (i < said.Length && (char.IsAsciiDigit(said[i]) || (said[i] is ',' or '.' && i + 1 < said.Length && char.IsAsciiDigit(said[i + 1]))))
            {
                i++;
            }

            numbers.Add(said[start..i].Replace(",", "", StringComparison.Ordinal));
        }

        return numbers;
    }
}
