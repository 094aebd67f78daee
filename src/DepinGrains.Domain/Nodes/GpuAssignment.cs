using System.Collections.Immutable;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Domain.Nodes;

/// <summary>Gives cards to slots so that every slot gets cards it may use whenever that is possible at all (maximum bipartite matching, Kuhn).</summary>
internal static class GpuAssignment
{
    /// <summary>One list of card indexes per slot, in slot order; null when it can not be done. Deterministic: lower card indexes first.</summary>
    public static ImmutableArray<ImmutableArray<int>>? Assign(IReadOnlyList<(int Units, ImmutableArray<GpuSelector> AnyOf)> slots, IReadOnlyList<GpuDevice> free)
    {
        var owner = new int[free.Count];
        Array.Fill(owner, -1);
        var wants = new List<int>();
        for (var slot = 0; slot < slots.Count; slot++)
        {
            wants.AddRange(Enumerable.Repeat(slot, slots[slot].Units));
        }

        if (wants.Count > free.Count)
        {
            return null;
        }

        for (var want = 0; want < wants.Count; want++)
        {
            if (!TryPlace(want, new bool[free.Count]))
            {
                return null;
            }
        }

        var result = slots.Select(static _ => ImmutableArray.CreateBuilder<int>()).ToArray();
        for (var card = 0; card < owner.Length; card++)
        {
            if (owner[card] >= 0)
            {
                result[wants[owner[card]]].Add(card);
            }
        }

        return [.. result.Select(static b => b.ToImmutable())];

        bool TryPlace(int want, bool[] tried)
        {
            for (var card = 0; card < free.Count; card++)
            {
                if (tried[card] || !Allows(slots[wants[want]].AnyOf, free[card]))
                {
                    continue;
                }

                tried[card] = true;
                if (owner[card] < 0 || TryPlace(owner[card], tried))
                {
                    owner[card] = want;
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>True when any selector matches; none asked for means any card.</summary>
    public static bool Allows(ImmutableArray<GpuSelector> anyOf, GpuDevice device)
    {
        if (anyOf.IsEmpty)
        {
            return true;
        }

        foreach (var selector in anyOf)
        {
            if (selector.Matches(device))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads selectors; null with the first bad text.</summary>
    public static ImmutableArray<GpuSelector>? Parse(ImmutableArray<string> attributes, out string bad)
    {
        bad = "";
        var selectors = ImmutableArray.CreateBuilder<GpuSelector>(attributes.IsDefault ? 0 : attributes.Length);
        foreach (var text in attributes.IsDefault ? [] : attributes)
        {
            if (!GpuSelector.TryParse(text, out var selector))
            {
                bad = text;
                return null;
            }

            selectors.Add(selector);
        }

        return selectors.DrainToImmutable();
    }
}
