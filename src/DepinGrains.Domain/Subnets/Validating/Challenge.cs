using System.Collections.Immutable;

namespace DepinGrains.Domain.Subnets.Validating;

/// <summary>A question to miners.</summary>
/// <param name="Prompt">What they get; drawn anew each time, so that no answer can be kept from before.</param>
/// <param name="Expected">The right answer where there is one.</param>
/// <param name="AnswerTokensMax">Bound of an answer.</param>
public sealed record Challenge(string Prompt, string? Expected, int AnswerTokensMax);

/// <summary>What one miner made of it.</summary>
/// <param name="Uid">The miner.</param>
/// <param name="Content">Text, or base64 of an image; null: none came, or no valid one.</param>
/// <param name="Micros">How long it took.</param>
public sealed record ChallengeAnswer(int Uid, string? Content, long Micros);

/// <summary>One kind of work a validator can judge. Pure: the same seed gives the same question, the same answers the same quality.</summary>
public interface IChallengeTask
{
    /// <summary>Asked as an image, not as a chat.</summary>
    bool IsImage { get; }

    /// <summary>A question.</summary>
    Challenge Create(ulong seed);

    /// <summary>Quality of each answer, 0 to <see cref="Ppm.One"/>, in the order of the answers; latency is not its business.</summary>
    ImmutableArray<long> Judge(Challenge challenge, IReadOnlyList<ChallengeAnswer> answers);
}

/// <summary>Shares in millionths.</summary>
public static class Ppm
{
    /// <summary>The whole.</summary>
    public const long One = 1_000_000;

    /// <summary><paramref name="part"/> of <paramref name="whole"/>, rounded down; 0 of nothing is 0.</summary>
    public static long Of(long part, long whole) => whole <= 0 ? 0 : (long)((Int128)part * One / whole);

    /// <summary>A share of a difference, which may be negative, rounded to below.</summary>
    public static long Toward(long difference, long share)
    {
        var (whole, rest) = Int128.DivRem((Int128)difference * share, One);
        return (long)(rest < 0 ? whole - 1 : whole);
    }

    /// <summary>The product of two shares, rounded down.</summary>
    public static long Times(long a, long b) => (long)((Int128)a * b / One);
}
