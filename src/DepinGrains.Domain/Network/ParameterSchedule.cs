using System.Collections.Immutable;
using DepinGrains.Domain.Escrow;

namespace DepinGrains.Domain.Network;

/// <summary>One change: from <paramref name="EffectiveFrom"/> on the parameter has this value.</summary>
/// <param name="Ordinal">Order in which changes were made; of two with one effective time the later made holds.</param>
public sealed record ParameterEntry(string Name, long Value, DateTimeOffset EffectiveFrom, long Ordinal);

/// <summary>Every change ever made. Always asked for the value at an instant: nothing else would make two processes agree.</summary>
public sealed record ParameterSchedule(ImmutableDictionary<string, ImmutableArray<ParameterEntry>> Entries)
{
    /// <summary>Nothing was changed yet.</summary>
    public static ParameterSchedule Empty { get; } = new(ImmutableDictionary.Create<string, ImmutableArray<ParameterEntry>>(StringComparer.Ordinal));

    /// <summary>The schedule with one more change.</summary>
    public ParameterSchedule With(ParameterEntry entry) =>
        this with { Entries = Entries.SetItem(entry.Name, Entries.TryGetValue(entry.Name, out var known) ? known.Add(entry) : [entry]) };

    /// <summary>The value in force, or null when it was not set by then.</summary>
    public long? SetAt(string name, DateTimeOffset at)
    {
        if (!Entries.TryGetValue(name, out var entries))
        {
            return null;
        }

        ParameterEntry? latest = null;
        foreach (var entry in entries)
        {
            if (entry.EffectiveFrom <= at && (latest is null || (entry.EffectiveFrom, entry.Ordinal).CompareTo((latest.EffectiveFrom, latest.Ordinal)) > 0))
            {
                latest = entry;
            }
        }

        return latest?.Value;
    }

    /// <summary>The value of a parameter without tokens.</summary>
    public long At(string name, DateTimeOffset at) =>
        SetAt(name, at) ?? NetworkParameterCatalog.DefaultOf(name) ?? throw new ArgumentException($"{name} is no parameter", nameof(name));

    /// <summary>The value for a token: its own when set, then its own default, then <c>default</c>. <paramref name="fallback"/> replaces the last when nobody set it.</summary>
    public long At(string name, string denom, DateTimeOffset at, long? fallback = null)
    {
        var own = $"{name}.{denom}";
        var any = $"{name}.{NetworkParameterCatalog.AnyDenom}";
        return SetAt(own, at) ?? NetworkParameterCatalog.DefaultOf(own) ?? SetAt(any, at) ?? fallback ?? NetworkParameterCatalog.DefaultOf(any)
            ?? throw new ArgumentException($"{name} is no parameter", nameof(name));
    }

    /// <summary>The take fees of an account in <paramref name="currency"/>, by source for credit that has any.</summary>
    public FeeRates Fees(string currency, IEnumerable<string> sources, DateTimeOffset at) =>
        new((int)At(NetworkParameterCatalog.TakeFee, currency, at), [.. sources.Select(s => (s, (int)At(NetworkParameterCatalog.TakeFee, s, at)))]);
}
