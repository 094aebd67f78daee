namespace DepinGrains.Domain.Subnets.Validating.Text;

/// <summary>A question with one right answer, which the validator knows because it made the question up.</summary>
/// <param name="Text">What the miner reads, one or more lines.</param>
/// <param name="Answer">A number in digits, or a word; never empty, no line breaks.</param>
public sealed record TextQuestion(string Text, string Answer);

/// <summary>A kind of question. Pure: the same draws give the same question. A new kind is one class and a line in <see cref="TextChallenges.Kinds"/>.</summary>
public interface ITextQuestion
{
    /// <summary>Makes one up.</summary>
    /// <param name="draw">What it consists of; a question that few draws tell apart can be answered from a list.</param>
    TextQuestion Create(ref QuestionDraw draw);
}

/// <summary>Draws of one seed (SplitMix64): enough for any question, the same everywhere.</summary>
public struct QuestionDraw(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A whole number from <paramref name="min"/> to <paramref name="max"/>, both included.</summary>
    public int Number(int min, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, min);
        return min + (int)(Next() % ((ulong)((long)max - min) + 1));
    }

    /// <summary>One of some.</summary>
    public T One<T>(IReadOnlyList<T> of)
    {
        ArgumentNullException.ThrowIfNull(of);
        return of[Number(0, of.Count - 1)];
    }

    /// <summary>Some of some, each at most once, in any order.</summary>
    public T[] Some<T>(IReadOnlyList<T> of, int count)
    {
        ArgumentNullException.ThrowIfNull(of);
        T[] all = [.. of];
        for (var i = 0; i < count; i++)
        {
            var other = Number(i, all.Length - 1);
            (all[i], all[other]) = (all[other], all[i]);
        }

        return all[..count];
    }

    private ulong Next()
    {
        var mixed = _state += 0x9E37_79B9_7F4A_7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
