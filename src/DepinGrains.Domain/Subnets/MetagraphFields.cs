using System.Collections.Immutable;
using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Subnets;

/// <summary>Columns of the metagraph by name. Source: bittensor 6.9.3 <c>metagraph.py</c>, whose one-letter names are taken as well.</summary>
public static class MetagraphFields
{
    /// <summary>All names.</summary>
    public static readonly ImmutableArray<string> All =
    [
        "hotkeys", "coldkeys", "stake", "rank", "trust", "consensus", "incentive", "dividends", "emission", "validator_trust", "validator_permit", "last_update", "active", "registered_at", "pruning_score", "axons",
        "weights", "bonds",
    ];

    private static readonly ImmutableHashSet<string> Usual = All.Remove("weights").Remove("bonds").ToImmutableHashSet(StringComparer.Ordinal);

    private static readonly ImmutableDictionary<string, string> Letters = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["S"] = "stake", ["R"] = "rank", ["I"] = "incentive", ["E"] = "emission", ["C"] = "consensus", ["T"] = "trust", ["Tv"] = "validator_trust", ["D"] = "dividends", ["W"] = "weights", ["B"] = "bonds",
    }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>The columns asked for; none: all but weights and bonds. <c>metagraph.field_unknown</c>.</summary>
    public static Result<ImmutableHashSet<string>> Select(ImmutableArray<string> fields)
    {
        if (fields.IsDefaultOrEmpty)
        {
            return Usual;
        }

        var selected = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            var name = Letters.GetValueOrDefault(field, field);
            if (!All.Contains(name))
            {
                return Refusal.Of("metagraph.field_unknown", $"the metagraph has {string.Join(", ", All)}, not {(field.Length > 64 ? field[..64] : field)}", ("field", field.Length > 64 ? field[..64] : field));
            }

            selected.Add(name);
        }

        return selected.ToImmutable();
    }
}
