using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Providers;

namespace DepinGrains.Domain.Providers;

/// <summary>What an order wants a provider to be.</summary>
/// <param name="Attributes">Every one must be declared with this value; the key may hold <c>*</c> (any characters but <c>/</c>).</param>
/// <param name="AllOf">Auditors that must all have signed all of <paramref name="Attributes"/>.</param>
/// <param name="AnyOf">Auditors of whom one must have.</param>
public sealed record ProviderRequirements(ImmutableArray<Fact> Attributes, ImmutableArray<string> AllOf, ImmutableArray<string> AnyOf)
{
    /// <summary>No requirement.</summary>
    public static ProviderRequirements None { get; } = new([], [], []);
}

/// <summary>Does a provider declare what an order wants, and did the right auditors sign it? (Akash <c>MatchAttributes</c>, <c>MatchRequirements</c>.)</summary>
public static class AttributeMatching
{
    /// <summary>Attributes looked at, per side.</summary>
    public const int AttributesMax = 1_000;

    /// <summary>The signatures that count at a time: those that have not expired.</summary>
    public static ImmutableArray<AttributeSignature> Standing(ImmutableArray<AttributeSignature> signatures, DateTimeOffset now) =>
        signatures.All(s => s.ExpiresAt is null || s.ExpiresAt > now) ? signatures : [.. signatures.Where(s => s.ExpiresAt is null || s.ExpiresAt > now)];

    /// <summary>Null when the provider matches; else <c>market.attribute_mismatch</c> or <c>market.signature_missing</c> with what was wanted and had.</summary>
    public static Refusal? WhyNot(ProviderRequirements wanted, ImmutableArray<Fact> declared, ImmutableArray<AttributeSignature> signatures)
    {
        foreach (var attribute in wanted.Attributes)
        {
            if (!Holds(attribute, declared))
            {
                var had = declared.Where(d => Glob.Matches(attribute.Name, d.Name)).Select(static d => d.Name + "=" + d.Value).DefaultIfEmpty("none");
                return Mismatch(attribute, string.Join(", ", had.Take(5)));
            }
        }

        if (wanted.AllOf.IsEmpty && wanted.AnyOf.IsEmpty)
        {
            return null;
        }

        foreach (var auditor in wanted.AllOf)
        {
            if (!HasSigned(auditor, wanted.Attributes, declared, signatures))
            {
                return SignatureMissing("all of", wanted.AllOf, auditor);
            }
        }

        return wanted.AnyOf.IsEmpty || wanted.AnyOf.Any(auditor => HasSigned(auditor, wanted.Attributes, declared, signatures))
            ? null
            : SignatureMissing("any of", wanted.AnyOf, wanted.AnyOf[0]);
    }

    /// <summary>
    /// True when the auditor signed every wanted attribute as it is declared now: a signature is bound to the value it was given for, so changing one attribute drops
    /// only that attribute's signatures (on Akash any edit loses all). An auditor who signed nothing matches nothing.
    /// </summary>
    private static bool HasSigned(string auditor, ImmutableArray<Fact> wanted, ImmutableArray<Fact> declared, ImmutableArray<AttributeSignature> signatures)
    {
        var valid = signatures.Where(s => s.Auditor == auditor).Select(static s => new Fact(s.Name, s.Value)).Where(declared.Contains).ToImmutableArray();
        return valid.Length > 0 && wanted.All(attribute => Holds(attribute, valid));
    }

    private static bool Holds(Fact wanted, ImmutableArray<Fact> had)
    {
        foreach (var attribute in had)
        {
            if (attribute.Value == wanted.Value && Glob.Matches(wanted.Name, attribute.Name))
            {
                return true;
            }
        }

        return false;
    }

    private static Refusal Mismatch(Fact wanted, string had) => Refusal.Of(
        "market.attribute_mismatch",
        $"wanted attribute {wanted.Name}={wanted.Value}, had {had}",
        ("wanted", wanted.Name + "=" + wanted.Value),
        ("had", had));

    private static Refusal SignatureMissing(string rule, ImmutableArray<string> auditors, string missing) => Refusal.Of(
        "market.signature_missing",
        $"wanted the required attributes signed by {rule} {string.Join(", ", auditors)}; {missing} has not signed them as they stand",
        ("wanted", rule + " " + string.Join(", ", auditors)),
        ("missing", missing));
}
