using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Deployments;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Deployments;

/// <summary>Makes verdicts of refusals, and counts them.</summary>
public static class ScreeningVerdicts
{
    /// <summary>Verdicts kept of one order; <see cref="Count"/> counts all.</summary>
    public const int KeptMax = 1_000;

    private const int TextMax = 200;

    /// <summary>The rule is the refusal's code; wanted and had are its facts of that name (or <c>free</c>, <c>placed</c>), else its sentence.</summary>
    public static ScreeningVerdict Of(string provider, string? node, Refusal refusal) => new(
        provider,
        node,
        refusal.Code,
        Shorten(Find(refusal, "wanted") ?? refusal.Detail),
        Shorten(Find(refusal, "had") ?? Find(refusal, "free") ?? Find(refusal, "placed") ?? refusal.Detail));

    /// <summary>It could bid, but enough others are cheaper.</summary>
    /// <param name="bar">The dearest price that still bids.</param>
    public static ScreeningVerdict Outpriced(string provider, Rate bar, Rate price) => new(provider, null, OutpricedRule, $"at most {bar}", price.ToString());

    /// <summary>Rule of <see cref="Outpriced"/>.</summary>
    public const string OutpricedRule = "market.outpriced";

    /// <summary>How often each rule said no, most frequent first, then by name.</summary>
    /// <param name="others">Rules that said no to providers without a verdict of their own, and to how many.</param>
    public static ImmutableArray<Fact> Count(IEnumerable<ScreeningVerdict> verdicts, IEnumerable<(string Rule, int Times)>? others = null) =>
    [
        .. verdicts.Select(static v => (v.Rule, Times: 1)).Concat(others ?? [])
            .GroupBy(static v => v.Rule, StringComparer.Ordinal)
            .Select(static g => (Rule: g.Key, Times: g.Sum(static v => v.Times)))
            .Where(static g => g.Times > 0)
            .OrderByDescending(static g => g.Times)
            .ThenBy(static g => g.Rule, StringComparer.Ordinal)
            .Select(static g => new Fact(g.Rule, g.Times.ToString(CultureInfo.InvariantCulture))),
    ];

    /// <summary>At most <see cref="KeptMax"/>: verdicts on whole providers first, then on nodes, each in the order found.</summary>
    public static ImmutableArray<ScreeningVerdict> Keep(IReadOnlyCollection<ScreeningVerdict> verdicts) =>
        [.. verdicts.Where(static v => v.Node is null).Concat(verdicts.Where(static v => v.Node is not null)).Take(KeptMax)];

    /// <summary>Bids from screening, cheapest first (ties: score, then provider id).</summary>
    public static ImmutableArray<ProviderScreening> CheapestFirst(IEnumerable<ProviderScreening> screened) =>
    [
        .. screened.Where(static s => s.Bids).Select(static s => (Screening: s, s.Price))
            .OrderBy(static s => s.Price).ThenByDescending(static s => s.Screening.Score).ThenBy(static s => s.Screening.Provider, StringComparer.Ordinal)
            .Select(static s => s.Screening),
    ];

    private static string? Find(Refusal refusal, string name)
    {
        foreach (var fact in refusal.Facts)
        {
            if (fact.Name == name)
            {
                return fact.Value;
            }
        }

        return null;
    }

    private static string Shorten(string text) => text.Length <= TextMax ? text : text[..TextMax] + "…";
}
