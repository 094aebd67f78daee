using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Domain.Subnets.Validating;

/// <summary>The task whose answer everybody can compute (<see cref="DeterministicTask"/>): right or wrong.</summary>
public sealed class DeterministicChallenges : IChallengeTask
{
    /// <summary>Words asked for.</summary>
    public const int Words = 16;

    /// <inheritdoc/>
    public bool IsImage => false;

    /// <inheritdoc/>
    public Challenge Create(ulong seed)
    {
        var prompt = string.Create(CultureInfo.InvariantCulture, $"challenge {seed:x16}");
        return new Challenge(prompt, DeterministicTask.Text(prompt, Words), 256);
    }

    /// <inheritdoc/>
    public ImmutableArray<long> Judge(Challenge challenge, IReadOnlyList<ChallengeAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        ArgumentNullException.ThrowIfNull(answers);
        return [.. answers.Select(a => a.Content?.Trim() == challenge.Expected ? Ppm.One : 0)];
    }
}

/// <summary>
/// Text: a sum whose result must stand in the answer, and a subject to write on. Half of the quality is the right number, half how far the answer's words are those of the others: miners of one subnet run alike models,
/// and whoever answers beside the point agrees with nobody.
/// </summary>
public sealed class TextChallenges : IChallengeTask
{
    private static readonly string[] Subjects = ["a lighthouse", "bread", "the tides", "a chess opening", "glass", "a mountain railway", "honey bees", "the printing press", "sailing", "winter"];

    /// <inheritdoc/>
    public bool IsImage => false;

    /// <inheritdoc/>
    public Challenge Create(ulong seed)
    {
        var a = 10 + (int)(seed % 90);
        var b = 10 + (int)(seed / 90 % 90);
        var subject = Subjects[(int)(seed / 8_100 % (ulong)Subjects.Length)];
        return new Challenge(
            string.Create(CultureInfo.InvariantCulture, $"First line: the sum of {a} and {b} in digits. Then two plain sentences about {subject}."),
            (a + b).ToString(CultureInfo.InvariantCulture),
            256);
    }

    /// <inheritdoc/>
    public ImmutableArray<long> Judge(Challenge challenge, IReadOnlyList<ChallengeAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        ArgumentNullException.ThrowIfNull(answers);
        var agreed = WordAgreement.Of(answers.Select(static a => a.Content).ToArray());
        return [.. answers.Select((a, i) => a.Content is null ? 0 : (HasNumber(a.Content, challenge.Expected!) ? Ppm.One / 2 : 0) + (agreed[i] / 2))];
    }

    private static bool HasNumber(string text, string number)
    {
        for (var at = text.IndexOf(number, StringComparison.Ordinal); at >= 0; at = text.IndexOf(number, at + 1, StringComparison.Ordinal))
        {
            var end = at + number.Length;
            if ((at == 0 || !char.IsAsciiDigit(text[at - 1])) && (end == text.Length || !char.IsAsciiDigit(text[end])))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Search: an answer with sources. Half of the quality is having one to five well-formed sources, half the agreement of their hosts and words with the others'.</summary>
public sealed class SearchChallenges : IChallengeTask
{
    private static readonly string[] Subjects = ["the height of the Eiffel tower", "who wrote Don Quixote", "the boiling point of ethanol", "the capital of Mongolia", "when the Suez canal was opened", "the atomic number of tungsten"];

    /// <inheritdoc/>
    public bool IsImage => false;

    /// <inheritdoc/>
    public Challenge Create(ulong seed) => new(
        string.Create(CultureInfo.InvariantCulture, $"Request {seed:x16}. Answer in one sentence and list one to five web addresses as sources, each on its own line: {Subjects[(int)(seed % (ulong)Subjects.Length)]}."), null, 384);

    /// <inheritdoc/>
    public ImmutableArray<long> Judge(Challenge challenge, IReadOnlyList<ChallengeAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        var agreed = WordAgreement.Of(answers.Select(static a => a.Content is null ? null : a.Content + " " + string.Join(' ', Hosts(a.Content))).ToArray());
        return [.. answers.Select((a, i) => a.Content is null ? 0 : (Hosts(a.Content).Count is >= 1 and <= 5 ? Ppm.One / 2 : 0) + (agreed[i] / 2))];
    }

    private static HashSet<string> Hosts(string text) =>
    [
        .. text.Split((char[])[' ', '\n', '\r', '\t', '(', ')', '<', '>', '[', ']'], StringSplitOptions.RemoveEmptyEntries)
            .Where(static w => w.StartsWith("http", StringComparison.OrdinalIgnoreCase))
            .Select(static w => Uri.TryCreate(w.TrimEnd('.', ',', ';'), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Contains('.', StringComparison.Ordinal) ? uri.Host : "")
            .Where(static h => h.Length > 0),
    ];
}

/// <summary>Images: PNG or JPEG of a size worth looking at, no two miners' the same bytes; what is on them a person must judge.</summary>
public sealed class ImageChallenges : IChallengeTask
{
    private const int SideMin = 64;
    private static readonly string[] Things = ["a red bicycle", "a lighthouse at night", "three pears", "an owl", "a wooden bridge", "a steam engine"];

    /// <inheritdoc/>
    public bool IsImage => true;

    /// <inheritdoc/>
    public Challenge Create(ulong seed) => new(string.Create(CultureInfo.InvariantCulture, $"{Things[(int)(seed % (ulong)Things.Length)]}, seed {seed / (ulong)Things.Length % 1_000_000}"), null, 0);

    /// <inheritdoc/>
    public ImmutableArray<long> Judge(Challenge challenge, IReadOnlyList<ChallengeAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        var copies = answers.Where(static a => a.Content is not null).GroupBy(static a => a.Content!, StringComparer.Ordinal).ToDictionary(static g => g.Key, static g => g.Count(), StringComparer.Ordinal);
        return [.. answers.Select(a => a.Content is { } image && copies[image] == 1 && IsImageOfSize(image) ? Ppm.One : 0)];
    }

    private static bool IsImageOfSize(string base64)
    {
        if (!Base64.IsValid(base64, out var length) || length < 64)
        {
            return false;
        }

        var bytes = Convert.FromBase64String(base64).AsSpan();
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        {
            return bytes.Slice(12, 4).SequenceEqual("IHDR"u8) && BinaryPrimitives.ReadInt32BigEndian(bytes[16..]) >= SideMin && BinaryPrimitives.ReadInt32BigEndian(bytes[20..]) >= SideMin;
        }

        return bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) && bytes[^2..].SequenceEqual((ReadOnlySpan<byte>)[0xFF, 0xD9]);
    }
}

/// <summary>How far texts use the same words.</summary>
internal static class WordAgreement
{
    private const int WordsMax = 512;

    /// <summary>For each text the mean share of words it has in common with the others (Jaccard); of a single text the whole, because there is nobody to differ from.</summary>
    public static long[] Of(IReadOnlyList<string?> texts)
    {
        var words = texts.Select(static t => t is null ? null : Words(t)).ToArray();
        var result = new long[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            long sum = 0, others = 0;
            for (var j = 0; j < words.Length && words[i] is not null; j++)
            {
                if (j != i && words[j] is { } other)
                {
                    var common = words[i]!.Count(other.Contains);
                    sum += Ppm.Of(common, words[i]!.Count + other.Count - common);
                    others++;
                }
            }

            result[i] = words[i] is not { Count: > 0 } ? 0 : others == 0 ? Ppm.One : sum / others;
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
