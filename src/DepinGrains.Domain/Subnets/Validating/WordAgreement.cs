using System.Text;

namespace DepinGrains.Domain.Subnets.Validating;

/// <summary>How far texts use the same words.</summary>
internal static class WordAgreement
{
    private const int WordsMax = 512;

    /// <summary>For each text the mean share of words it has in common with the others (Jaccard); of a single text the whole, because there is nobody to differ from.</summary>
    public static long[] Of(IReadOnlyList<string?> texts) => Of(texts, [.. texts.Select(static _ => 1L)]);

    /// <summary>The same, each of the others counting by its weight: who has none is not heard, and where nobody is, there is nobody to differ from.</summary>
    public static long[] Of(IReadOnlyList<string?> texts, IReadOnlyList<long> weights)
    {
        var words = texts.Select(static t => t is null ? null : Words(t)).ToArray();
        var result = new long[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            Int128 sum = 0, others = 0;
            for (var j = 0; j < words.Length && words[i] is not null; j++)
            {
                if (j != i && weights[j] > 0 && words[j] is { } other)
                {
                    var common = words[i]!.Count(other.Contains);
                    sum += (Int128)weights[j] * Ppm.Of(common, words[i]!.Count + other.Count - common);
                    others += weights[j];
                }
            }

            result[i] = words[i] is not { Count: > 0 } ? 0 : others == 0 ? Ppm.One : (long)(sum / others);
        }

        return result;
    }

    private static HashSet<string> Words(string text)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var word = new StringBuilder();
        foreach (var c in text.Append(' '))
        {
            if (char.IsLetterOrDigit(c))
            {
                word.Append(char.ToLowerInvariant(c));
                continue;
            }

            if (word.Length is > 0 and <= 64)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            if (words.Count >= WordsMax)
            {
                break;
            }
        }

        return words;
    }
}
