using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Nodes;
using DepinGrains.Domain.Nodes;

namespace DepinGrains.Grains.Deployments.Screening;

/// <summary>
/// The providers of the network at one moment, and who of them has what: spares an order the look at everyone. Immutable; the next moment shares all that did not change with it, so that a change costs as
/// much as what it changes, however large the network is.
/// </summary>
public sealed class MarketSnapshot
{
    private static readonly ImmutableSortedSet<string> Nobody = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private readonly ImmutableSortedDictionary<string, IndexedProvider> _providers;
    private readonly ImmutableDictionary<Fact, ImmutableSortedSet<string>> _declaring;
    private readonly ImmutableDictionary<string, ImmutableSortedSet<string>> _cards;

    private MarketSnapshot(
        ImmutableSortedDictionary<string, IndexedProvider> providers,
        ImmutableDictionary<Fact, ImmutableSortedSet<string>> declaring,
        ImmutableDictionary<string, ImmutableSortedSet<string>> cards,
        ImmutableSortedSet<string> inMaintenance) =>
        (_providers, _declaring, _cards, InMaintenance) = (providers, declaring, cards, inMaintenance);

    /// <summary>Of a network without providers.</summary>
    public static MarketSnapshot Empty { get; } = new(
        ImmutableSortedDictionary.Create<string, IndexedProvider>(StringComparer.Ordinal),
        ImmutableDictionary<Fact, ImmutableSortedSet<string>>.Empty,
        ImmutableDictionary.Create<string, ImmutableSortedSet<string>>(StringComparer.Ordinal),
        Nobody);

    /// <summary>How many providers there are.</summary>
    public int Count => _providers.Count;

    /// <summary>Every provider that is not deleted, by id.</summary>
    public IEnumerable<IndexedProvider> Providers => _providers.Values;

    /// <summary>Ids of those in maintenance.</summary>
    public ImmutableSortedSet<string> InMaintenance { get; }

    /// <summary>A provider, or null.</summary>
    public IndexedProvider? Find(string id) => _providers.GetValueOrDefault(id);

    /// <summary>The snapshot after changes of some providers; null: it is gone.</summary>
    public MarketSnapshot With(IReadOnlyCollection<(string Id, IndexedProvider? Now)> changes)
    {
        if (changes.Count == 0)
        {
            return this;
        }

        var (providers, declaring, cards, maintenance) = (_providers.ToBuilder(), _declaring.ToBuilder(), _cards.ToBuilder(), InMaintenance.ToBuilder());
        foreach (var (id, now) in changes)
        {
            var before = _providers.GetValueOrDefault(id);
            Move(declaring, id, Attributes(before), Attributes(now));
            Move(cards, id, Cards(before), Cards(now));
            if (now is null)
            {
                providers.Remove(id);
            }
            else
            {
                providers[id] = now;
            }

            if (now is { State.Maintenance: true })
            {
                maintenance.Add(id);
            }
            else
            {
                maintenance.Remove(id);
            }
        }

        return new MarketSnapshot(providers.ToImmutable(), declaring.ToImmutable(), cards.ToImmutable(), maintenance.ToImmutable());
    }

    /// <summary>The fewest providers of whom it is known that nobody else declares all of these attributes; null when nothing is known: no name without wildcard is wanted.</summary>
    public ImmutableSortedSet<string>? Declaring(IEnumerable<Fact> wanted)
    {
        ImmutableSortedSet<string>? fewest = null;
        foreach (var attribute in wanted.Where(static a => !a.Name.Contains('*', StringComparison.Ordinal)))
        {
            var declaring = _declaring.GetValueOrDefault(attribute, Nobody);
            fewest = fewest is null || declaring.Count < fewest.Count ? declaring : fewest;
        }

        return fewest;
    }

    /// <summary>The providers that own a card of any of these kinds for the slot that fewest can serve; null when no slot wants a card.</summary>
    public ImmutableSortedSet<string>? Owning(IEnumerable<DemandSlot> slots)
    {
        ImmutableSortedSet<string>? fewest = null;
        foreach (var slot in slots.Where(static s => s is { Gpus: > 0, GpuAttributes.IsDefaultOrEmpty: false }).DistinctBy(static s => string.Join(' ', s.GpuAttributes)))
        {
            var owning = slot.GpuAttributes.Select(Key).Aggregate(Nobody, (all, key) => all.Union(_cards.GetValueOrDefault(key, Nobody)));
            fewest = fewest is null || owning.Count < fewest.Count ? owning : fewest;
        }

        return fewest;
    }

    private static string Key(string attribute) => !GpuSelector.TryParse(attribute, out var card) ? "" : card.IsWildcard ? card.Vendor : $"{card.Vendor}/{card.Model}";

    private static IEnumerable<Fact> Attributes(IndexedProvider? provider) => provider is null ? [] : provider.State.Profile.Attributes.Distinct();

    /// <summary>Cards it owns, free or not, by vendor and by model: which are free changes with every booking, and its nodes say so.</summary>
    private static IEnumerable<string> Cards(IndexedProvider? provider) => provider is null
        ? []
        : provider.Nodes.SelectMany(static n => n.Hardware.Gpus).SelectMany(static g => (string[])[g.Vendor.ToLowerInvariant(), $"{g.Vendor.ToLowerInvariant()}/{g.Model.ToLowerInvariant()}"]).Distinct(StringComparer.Ordinal);

    private static void Move<TKey>(ImmutableDictionary<TKey, ImmutableSortedSet<string>>.Builder sets, string id, IEnumerable<TKey> before, IEnumerable<TKey> now)
        where TKey : notnull
    {
        var (old, next) = (before.ToArray(), now.ToArray());
        foreach (var key in old.Except(next))
        {
            var left = sets[key].Remove(id);
            if (left.IsEmpty)
            {
                sets.Remove(key);
            }
            else
            {
                sets[key] = left;
            }
        }

        foreach (var key in next.Except(old))
        {
            sets[key] = sets.GetValueOrDefault(key, Nobody).Add(id);
        }
    }
}
