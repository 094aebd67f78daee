using System.Collections.Immutable;
using System.Globalization;

namespace DepinGrains.Contracts.Common;

/// <summary>A definite "no": which rule, with the numbers. Refusals are values; exceptions are bugs or broken infrastructure.</summary>
/// <param name="Code">Stable, machine readable, <c>feature.rule</c> in snake case, e.g. <c>ledger.insufficient_funds</c>. Never reused for another meaning.</param>
/// <param name="Detail">One sentence for a person, with the numbers in it.</param>
/// <param name="Facts">The same numbers by name, in a fixed order.</param>
[GenerateSerializer, Immutable, Alias("depin.refusal.v1")]
public sealed record Refusal(
    [property: Id(0)] string Code,
    [property: Id(1)] string Detail,
    [property: Id(2)] ImmutableArray<Fact> Facts)
{
    /// <summary>Makes a refusal from a code, a sentence and alternating facts.</summary>
    public static Refusal Of(string code, string detail, params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        var builder = ImmutableArray.CreateBuilder<Fact>(facts.Length);
        foreach (var (name, value) in facts)
        {
            builder.Add(new Fact(name, Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
        }

        return new Refusal(code, detail, builder.MoveToImmutable());
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Code}: {Detail}";
}

/// <summary>One named number (or name) of a <see cref="Refusal"/>; <paramref name="Value"/> is culture-invariant text.</summary>
[GenerateSerializer, Immutable, Alias("depin.fact.v1")]
public readonly record struct Fact([property: Id(0)] string Name, [property: Id(1)] string Value);
