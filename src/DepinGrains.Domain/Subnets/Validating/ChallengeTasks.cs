using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
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
