using System.Globalization;

namespace DepinGrains.Domain.Subnets.Validating.Text;

/// <summary>A small story to calculate.</summary>
public sealed class SumQuestion : ITextQuestion
{
    private static readonly string[] Things = ["bottles", "tiles", "apples", "letters", "screws", "candles", "books", "bricks"];

    /// <inheritdoc/>
    public TextQuestion Create(ref QuestionDraw draw)
    {
        var (boxes, each, gone, more, thing) = (draw.Number(6, 29), draw.Number(11, 48), draw.Number(3, 59), draw.Number(101, 998), draw.One(Things));
        return draw.Number(0, 1) == 0
            ? new TextQuestion(FormattableString.Invariant($"A lorry brings {boxes} crates of {each} {thing}; {gone} break on the way and {more} were there before. How many whole {thing} are there now?"), Text((boxes * each) - gone + more))
            : new TextQuestion(FormattableString.Invariant($"{more + (boxes * each)} {thing} are packed into {boxes} crates of {each}. After that somebody takes {gone} of those left over and brings {2 * gone} new ones. How many {thing} lie beside the crates?"), Text(more + gone));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A passage about some people, and one thing to find in it; what else it says would answer other questions.</summary>
public sealed class PassageQuestion : ITextQuestion
{
    private const int People = 4;
    private static readonly string[] Names = ["Nadia", "Oskar", "Ines", "Tariq", "Wanda", "Hugo", "Keiko", "Bruno", "Amara", "Lukas"];
    private static readonly string[] Towns = ["Bergen", "Porto", "Turku", "Graz", "Leeds", "Varna", "Lyon", "Gdansk", "Cork", "Basel"];
    private static readonly string[] Goods = ["violin", "lamp", "kettle", "globe", "saddle", "clock", "anvil", "tent", "ladder", "mirror"];

    /// <inheritdoc/>
    public TextQuestion Create(ref QuestionDraw draw)
    {
        var (names, towns, goods) = (draw.Some(Names, People), draw.Some(Towns, People), draw.Some(Goods, People));
        var weights = draw.Some(Enumerable.Range(11, 80).ToArray(), People);
        var sentences = Enumerable.Range(0, People).Select(i => i % 2 == 0
            ? FormattableString.Invariant($"{names[i]} sends a {goods[i]} of {weights[i]} pounds to {towns[i]}.")
            : FormattableString.Invariant($"To {towns[i]} goes, from {names[i]}, the {goods[i]}, which weighs {weights[i]} pounds.")).ToArray();
        var (passage, who) = (string.Join(' ', draw.Some(sentences, People)), draw.Number(0, People - 1));
        return draw.Number(0, 3) switch
        {
            0 => new TextQuestion($"\"{passage}\" To which town does the {goods[who]} go?", towns[who]),
            1 => new TextQuestion($"\"{passage}\" Who sends something to {towns[who]}?", names[who]),
            2 => new TextQuestion($"\"{passage}\" How many pounds does what {names[who]} sends weigh?", weights[who].ToString(CultureInfo.InvariantCulture)),
            _ => new TextQuestion($"\"{passage}\" What is the heaviest thing?", goods[Array.IndexOf(weights, weights.Max())]),
        };
    }
}

/// <summary>A program of a few lines; what does it print?</summary>
public sealed class ProgramQuestion : ITextQuestion
{
    /// <inheritdoc/>
    public TextQuestion Create(ref QuestionDraw draw)
    {
        var (start, rounds, divisor, factor, step) = (draw.Number(2, 19), draw.Number(4, 7), draw.Number(2, 3), draw.Number(2, 3), draw.Number(3, 17));
        var x = start;
        for (var i = 1; i <= rounds; i++)
        {
            x = i % divisor == 0 ? x * factor : x + step;
        }

        return new TextQuestion(
            FormattableString.Invariant($"What does this Python program print?\nx = {start}\nfor i in range(1, {rounds + 1}):\n    if i % {divisor} == 0:\n        x = x * {factor}\n    else:\n        x = x + {step}\nprint(x)"),
            x.ToString(CultureInfo.InvariantCulture));
    }
}

/// <summary>Words to put in order; one of them is asked for.</summary>
public sealed class OrderQuestion : ITextQuestion
{
    private static readonly string[] Words = ["acorn", "barrel", "cobalt", "dragon", "easel", "fabric", "garnet", "hammer", "island", "jacket", "kernel", "lantern", "magnet", "nickel", "orchid", "parrot", "quiver", "ribbon", "saffron", "timber"];
    private static readonly string[] Places = ["first", "second", "third", "fourth", "fifth"];

    /// <inheritdoc/>
    public TextQuestion Create(ref QuestionDraw draw)
    {
        var (words, place, last) = (draw.Some(Words, 7), draw.Number(0, Places.Length - 1), draw.Number(0, 1) == 1);
        var sorted = words.Order(StringComparer.Ordinal).ToArray();
        return new TextQuestion($"Put these words in alphabetical order: {string.Join(", ", words)}. Which is the {Places[place]} {(last ? "from the end" : "from the beginning")}?", sorted[last ? ^(place + 1) : place]);
    }
}
