using System.Collections.Immutable;
using DepinGrains.Domain.Subnets.Serving;
using DepinGrains.Domain.Subnets.Validating;

namespace DepinGrains.Domain.Tests.Subnets.Validating;

/// <summary>How validators ask, judge, remember and weigh.</summary>
public sealed class ValidatingTests
{
    [Fact]
    public void Only_the_right_answer_of_the_deterministic_task_counts()
    {
        var task = new DeterministicChallenges();
        var challenge = task.Create(42);
        Assert.NotEqual(challenge.Prompt, task.Create(43).Prompt);
        Assert.Equal(
            [Ppm.One, 0, 0, 0],
            task.Judge(challenge, [Answer(0, DeterministicTask.Text(challenge.Prompt, DeterministicChallenges.Words)), Answer(1, "amber birch"), Answer(2, ""), Answer(3, null)]));
    }

    [Fact]
    public void A_search_without_sources_loses_half()
    {
        var task = new SearchChallenges();
        var quality = task.Judge(task.Create(0), [
            Answer(0, "It is 330 m high.\nhttps://www.toureiffel.paris/en\nhttps://en.wikipedia.org/wiki/Eiffel_Tower"),
            Answer(1, "It is 330 m high.\nhttps://en.wikipedia.org/wiki/Eiffel_Tower."),
            Answer(2, "It is 330 m high.\nhttp://localhost/"),
        ]);
        Assert.True(quality[0] > 500_000 && quality[1] > 500_000 && quality[2] < 500_000, string.Join(' ', quality));
    }

    [Fact]
    public void An_image_is_one_with_a_size_and_nobody_elses()
    {
        byte[] png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, .. "IHDR"u8, 0, 0, 2, 0, 0, 0, 2, 0, .. new byte[60]];
        var tiny = png.ToArray();
        tiny[18] = 0;
        var other = png.ToArray();
        other[^1] = 1;
        var task = new ImageChallenges();
        Assert.Equal(
            [Ppm.One, 0, 0, 0, 0],
            task.Judge(task.Create(1), [Answer(0, Convert.ToBase64String(other)), Answer(1, Convert.ToBase64String(png)), Answer(2, Convert.ToBase64String(png)), Answer(3, Convert.ToBase64String(tiny)), Answer(4, "not base64")]));
    }

    [Fact]
    public void Averages_move_by_alpha_and_a_first_score_is_taken_whole()
    {
        var book = ScoreBook.Empty.With("a", 800_000, 100_000);
        Assert.Equal(800_000, book.Scores["a"].Average);
        book = book.With("a", 0, 100_000);
        Assert.Equal(720_000, book.Scores["a"].Average);
        Assert.Equal(2, book.Scores["a"].Samples);
        Assert.Empty(book.Only(ImmutableHashSet<string>.Empty).Scores);
    }

    [Fact]
    public void Who_never_answers_again_comes_to_nothing_and_gets_no_weight()
    {
        var book = ScoreBook.Empty.With("a", Ppm.One, Ppm.One);
        for (var i = 0; i < 500; i++)
        {
            book = book.With("a", 0, 100_000);
        }

        Assert.Equal(0, book.Scores["a"].Average);
        Assert.Empty(book.Weights(["a"], -1).Uids);
    }

    [Fact]
    public void An_answer_at_the_reference_latency_is_worth_half() => Assert.Equal(Ppm.One / 2, ScoreBook.Worth(Ppm.One, 5_000_000, 5_000_000));

    [Fact]
    public void Weights_go_to_who_earned_some_never_to_oneself_and_follow_the_hotkey_not_the_uid()
    {
        var book = ScoreBook.Empty.With("a", 500_000, Ppm.One).With("b", 1_000_000, Ppm.One).With("me", 1_000_000, Ppm.One).With("c", 0, Ppm.One);
        var (uids, values) = book.Weights(["a", "b", "me", "c", "newcomer"], own: 2);
        Assert.Equal([(ushort)0, (ushort)1], uids);
        Assert.Equal([(ushort)32_767, ushort.MaxValue], values);
        Assert.Empty(book.Weights(["newcomer"], -1).Uids);
    }

    private static ChallengeAnswer Answer(int uid, string? content) => new(uid, content, 1_000);
}
