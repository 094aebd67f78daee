using System.Collections.Immutable;
using System.Text;

namespace DepinGrains.Domain.Subnets.Validating.Text;

/// <summary>
/// Text: questions whose right answers the validator knows because it made them up (a sum, a passage to read, a program to run, words to order), and a subject to write two sentences on. What counts is content: quality is
/// the part answered rightly, and a quarter of that depends on how far the sentences agree with those of the others, each of them heard as far as it answered rightly. So form alone is worth nothing, and a crowd that
/// answers beside the point has no say in what agrees.
/// </summary>
public sealed class TextChallenges : IChallengeTask
{
    /// <summary>Kinds of questions, one of each in every challenge. Each is as good as the others; a new one is a line here.</summary>
    public static ImmutableArray<ITextQuestion> Kinds { get; } = [new SumQuestion(), new PassageQuestion(), new ProgramQuestion(), new OrderQuestion()];

    /// <summary>What depends on agreement, millionths of what is right.</summary>
    private const long AgreementPart = Ppm.One / 4;
    private static readonly string[] Subjects = ["a lighthouse", "bread", "the tides", "a chess opening", "glass", "a mountain railway", "honey bees", "the printing press", "sailing", "winter"];

    /// <inheritdoc/>
    public bool IsImage => false;

    /// <inheritdoc/>
    public Challenge Create(ulong seed)
    {
        var draw = new QuestionDraw(seed);
        var prompt = new StringBuilder("Answer each question on a line of its own, the question's number, a colon and nothing but the answer (digits, or one word). ");
        var expected = new string[Kinds.Length];
        for (var i = 0; i < Kinds.Length; i++)
        {
            var question = Kinds[i].Create(ref draw);
            prompt.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n\nQuestion {i + 1}. {question.Text}");
            expected[i] = question.Answer;
        }

        prompt.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n\nThen, below the answers, two plain sentences about {draw.One(Subjects)}.");
        return new Challenge(prompt.ToString(), string.Join('\n', expected), 384);
    }

    /// <inheritdoc/>
    public ImmutableArray<long> Judge(Challenge challenge, IReadOnlyList<ChallengeAnswer> answers)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        ArgumentNullException.ThrowIfNull(answers);
        var expected = challenge.Expected!.Split('\n');
        long[] right = [.. answers.Select(a => a.Content is null ? 0 : Ppm.Of(AnswerLines.Right(a.Content, expected).Count(static r => r), expected.Length))];
        var agreed = WordAgreement.Of([.. answers.Select(static a => a.Content)], right);
        return [.. right.Select((r, i) => Ppm.Times(r, Ppm.One - AgreementPart + Ppm.Times(AgreementPart, agreed[i])))];
    }
}
