using DepinGrains.Domain.Subnets.Validating;
using DepinGrains.Domain.Subnets.Validating.Text;

namespace DepinGrains.Domain.Tests.Subnets.Validating;

/// <summary>What a text is worth: what is right in it, and agreement with those who are right.</summary>
public sealed class TextChallengeTests
{
    private const string Bees = "Honey bees live in hives. They make honey.";
    private readonly TextChallenges _task = new();

    [Fact]
    public void Right_answers_make_the_quality_and_form_without_them_is_worth_nothing()
    {
        var challenge = _task.Create(123_456);
        var right = challenge.Expected!.Split('\n');
        var quality = Judge(challenge, Lines(right) + Bees, Lines(right) + "Honey bees make honey and live in hives.", Lines([right[0], "no", "0", "none"]) + Bees, Lines(["1", "no", "0", "none"]) + Bees, Bees, null);
        Assert.True(quality[0] > 850_000 && quality[1] > 850_000, string.Join(' ', quality));
        Assert.InRange(quality[2], 187_500, 250_000); // one of four
        Assert.Equal([0, 0, 0], quality[3..]);
    }

    /// <summary>Nine that answer beside the point, all alike, against one that answers: they have no say in what agrees.</summary>
    [Fact]
    public void A_crowd_that_is_wrong_together_neither_earns_nor_takes_from_who_is_right()
    {
        var challenge = _task.Create(7);
        string[] wrong = [.. Enumerable.Repeat(Lines(["1", "x", "2", "y"]) + "Lorem ipsum dolor sit amet.", 9)];
        var quality = Judge(challenge, [Lines(challenge.Expected!.Split('\n')) + Bees, .. wrong]);
        Assert.Equal(Ppm.One, quality[0]);
        Assert.All(quality[1..], static q => Assert.Equal(0, q));
    }

    [Fact]
    public void Sentences_unlike_those_of_who_is_right_cost_at_most_a_quarter()
    {
        var challenge = _task.Create(99);
        var right = Lines(challenge.Expected!.Split('\n'));
        var quality = Judge(challenge, right + Bees, right + Bees, right + "Nonsense entirely otherwise worded everywhere throughout.");
        Assert.True(quality[0] > quality[2], string.Join(' ', quality));
        Assert.All(quality, static q => Assert.InRange(q, 750_000, Ppm.One));
    }

    [Fact]
    public void Whoever_tries_several_answers_or_hides_the_right_one_in_a_list_has_none()
    {
        var challenge = _task.Create(5);
        var right = challenge.Expected!.Split('\n');
        Assert.Equal(0, Judge(challenge, Lines(["1 or " + right[0], right[1] + " or Porto", right[2] + ", " + right[2] + "1", "it may be " + right[3]]))[0]);
        Assert.Equal(0, Judge(challenge, Lines(["1", "x", "2", "y"]) + Lines(right))[0]);
    }

    [Fact]
    public void What_models_put_around_an_answer_does_no_harm()
    {
        var challenge = _task.Create(5);
        var right = challenge.Expected!.Split('\n');
        Assert.Equal(Ppm.One, Judge(challenge, $"Sure!\n**1:** {right[0]} \r\n2. {right[1].ToUpperInvariant()}.\n3) The program prints {right[2]}.\n 4: `{right[3]}`\n\n{Bees}")[0]);
    }

    /// <summary>Questions are made up, not drawn from a list: no two of many seeds ask for the same, and the answers say nothing about each other.</summary>
    [Fact]
    public void No_list_of_answers_helps()
    {
        var many = Enumerable.Range(0, 2_000).Select(seed => _task.Create((ulong)seed * 0x1234_5678_9ABC)).ToArray();
        Assert.Equal(many.Length, many.Select(static c => c.Prompt).Distinct().Count());
        foreach (var kind in Enumerable.Range(0, TextChallenges.Kinds.Length))
        {
            var most = many.GroupBy(c => c.Expected!.Split('\n')[kind]).Max(static g => g.Count());
            Assert.True(most < many.Length / 10, $"kind {kind}: one answer fits {most} of {many.Length}");
        }
    }

    /// <summary>The validator's own answers are right: each is worked out anew from the words of the question.</summary>
    [Fact]
    public void Expected_answers_follow_from_the_questions_text()
    {
        for (var seed = 0UL; seed < 500; seed++)
        {
            var draw = new QuestionDraw(seed);
            AssertSum(new SumQuestion().Create(ref draw));
            AssertProgram(new ProgramQuestion().Create(ref draw));
            AssertOrder(new OrderQuestion().Create(ref draw));
            AssertPassage(new PassageQuestion().Create(ref draw));
        }
    }

    private static void AssertSum(TextQuestion question)
    {
        var n = Numbers(question.Text);
        var expected = n.Length == 4 && question.Text.StartsWith("A lorry", StringComparison.Ordinal) ? (n[0] * n[1]) - n[2] + n[3] : n[0] - (n[1] * n[2]) - n[3] + n[4];
        Assert.Equal(expected.ToString(), question.Answer);
        Assert.True(expected > 0);
    }

    private static void AssertProgram(TextQuestion question)
    {
        // x = a / range(1, b) / i % c == 0 / x * d / x + e
        var n = Numbers(question.Text);
        var x = n[0];
        for (var i = n[1]; i < n[2]; i++)
        {
            x = i % n[3] == n[4] ? x * n[5] : x + n[6];
        }

        Assert.Equal(x.ToString(), question.Answer);
    }

    private static void AssertOrder(TextQuestion question)
    {
        var (list, asked) = (question.Text[(question.Text.IndexOf(':', StringComparison.Ordinal) + 2)..question.Text.IndexOf('.', StringComparison.Ordinal)], question.Text.Split("Which is the ")[1]);
        var words = list.Split(", ").OrderBy(static w => w, StringComparer.Ordinal).ToArray();
        var place = Array.IndexOf(["first", "second", "third", "fourth", "fifth"], asked.Split(' ')[0]);
        Assert.Equal(asked.EndsWith("end?", StringComparison.Ordinal) ? words[words.Length - 1 - place] : words[place], question.Answer);
    }

    private static void AssertPassage(TextQuestion question)
    {
        var (passage, asked) = (question.Text[1..question.Text.LastIndexOf('"')], question.Text[(question.Text.LastIndexOf('"') + 2)..]);
        var parcels = passage.Split(". ").Select(static s => s.TrimEnd('.').Split(' ')).Select(static w => w[0] == "To"
            ? (Who: w[4].TrimEnd(','), What: w[6].TrimEnd(','), Pounds: int.Parse(w[9]), Town: w[1])
            : (Who: w[0], What: w[3], Pounds: int.Parse(w[5]), Town: w[^1])).ToArray();
        Assert.Equal(4, parcels.Length);
        var expected = asked.Split(' ') switch
        {
            ["To", ..] => parcels.Single(p => asked.Contains($" {p.What} ", StringComparison.Ordinal)).Town,
            ["Who", ..] => parcels.Single(p => asked.EndsWith($" {p.Town}?", StringComparison.Ordinal)).Who,
            ["How", ..] => parcels.Single(p => asked.Contains($" {p.Who} ", StringComparison.Ordinal)).Pounds.ToString(),
            _ => parcels.MaxBy(static p => p.Pounds).What,
        };
        Assert.Equal(expected, question.Answer);
    }

    private static int[] Numbers(string text) => [.. System.Text.RegularExpressions.Regex.Matches(text, "[0-9]+").Select(static m => int.Parse(m.Value))];

    private static string Lines(string[] answers) => string.Concat(answers.Select(static (a, i) => $"{i + 1}: {a}\n"));

    private long[] Judge(Challenge challenge, params string?[] texts) => [.. _task.Judge(challenge, [.. texts.Select(static (t, uid) => new ChallengeAnswer(uid, t, 1_000))])];
}
