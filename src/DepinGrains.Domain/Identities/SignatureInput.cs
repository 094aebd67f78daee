using System.Collections.Immutable;
using System.Globalization;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>The value of one <c>Signature-Input</c> member, read strictly (RFC 9421 section 4.1, the part of RFC 8941 it needs).</summary>
/// <param name="Components">Covered components in their order.</param>
/// <param name="Created">Parameter <c>created</c>.</param>
/// <param name="Expires">Parameter <c>expires</c>.</param>
/// <param name="Identity">First half of <c>keyid</c>.</param>
/// <param name="KeyId">Second half of <c>keyid</c>.</param>
public sealed record SignatureInput(ImmutableArray<string> Components, DateTimeOffset Created, DateTimeOffset Expires, string Identity, string KeyId)
{
    /// <summary>Longest text read.</summary>
    public const int LengthMax = 512;

    private const int ComponentsMax = 6;
    private const int SecondsDigitsMax = 11;

    /// <summary>The lists our own clients send, as text: taken whole they need not be read name by name.</summary>
    private static readonly (string Text, ImmutableArray<string> Components)[] Usual =
        [.. from authority in (bool[])[false, true] from query in (bool[])[false, true] let list = SignatureBase.Components(query, authority) select ($"\"{string.Join("\" \"", list)}\"", list)];

    /// <summary>Reads <c>("@method" …);created=…;expires=…;keyid="…";alg="ecdsa-p256-sha256"</c>; the parameters may stand in any order, each once; <c>nonce</c> and <c>tag</c> may be there.</summary>
    public static Result<SignatureInput> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > LengthMax || text.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            return Malformed($"Signature-Input must be 1 to {LengthMax} printable characters.");
        }

        var end = text.IndexOf(')', StringComparison.Ordinal);
        if (text[0] != '(' || end < 0)
        {
            return Malformed("Signature-Input must begin with the list of covered components in parentheses.");
        }

        if (ReadComponents(text.AsSpan(1, end - 1)) is not { } components)
        {
            return Malformed("The covered components must be different names in double quotes, one space apart.");
        }

        return Parameters.TryRead(text.AsSpan(end + 1), out var parameters) ? Build(components, parameters) : Malformed("The signature's parameters cannot be read.");
    }

    /// <summary>Refuses when the components are not exactly what a request must cover.</summary>
    public Refusal? Covers(bool hasQuery)
    {
        var bindsAuthority = Components.Contains("@authority");
        var wanted = SignatureBase.Components(hasQuery, bindsAuthority);
        return Components == wanted || Components.Length == wanted.Length && wanted.All(Components.Contains)
            ? null
            : Refusal.Of(
                IdentityError.SignatureMalformed,
                $"The signature must cover exactly {string.Join(' ', wanted)} (and may cover @authority); it covers {string.Join(' ', Components)}.",
                ("wanted", string.Join(' ', wanted)),
                ("covered", string.Join(' ', Components)));
    }

    private static Result<SignatureInput> Build(ImmutableArray<string> components, Parameters parameters)
    {
        if (!parameters.Algorithm.SequenceEqual($"\"{SignatureBase.Algorithm}\""))
        {
            return Malformed($"The parameter alg must be \"{SignatureBase.Algorithm}\".");
        }

        if (parameters.Key.Length < 2 || !IdentityIds.TryParseReference(parameters.Key[1..^1].ToString(), out var identity, out var key))
        {
            return Malformed("The parameter keyid must be \"id_…/key_…\".");
        }

        return TryInstant(parameters.Created, out var created) && TryInstant(parameters.Expires, out var expires)
            ? new SignatureInput(components, created, expires, identity, key)
            : Malformed("The parameters created and expires must be Unix seconds.");
    }

    private static bool TryInstant(ReadOnlySpan<char> text, out DateTimeOffset instant)
    {
        instant = default;
        if (text.Length is 0 or > SecondsDigitsMax || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            return false;
        }

        instant = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    private static ImmutableArray<string>? ReadComponents(ReadOnlySpan<char> list)
    {
        foreach (var (text, components) in Usual)
        {
            if (list.SequenceEqual(text))
            {
                return components;
            }
        }

        var builder = ImmutableArray.CreateBuilder<string>(ComponentsMax);
        foreach (var range in list.Split(' '))
        {
            var item = list[range];
            if (item.Length < 3 || item[0] != '"' || item[^1] != '"' || builder.Count == ComponentsMax)
            {
                return null;
            }

            var name = item[1..^1].ToString();
            if (name.Contains('"', StringComparison.Ordinal) || builder.Contains(name))
            {
                return null;
            }

            builder.Add(name);
        }

        return builder.DrainToImmutable();
    }

    private static Refusal Malformed(string detail) => Refusal.Of(IdentityError.SignatureMalformed, detail);

    /// <summary>The parameters as sent, strings with their quotes; empty = absent.</summary>
    private ref struct Parameters
    {
        public ReadOnlySpan<char> Created;
        public ReadOnlySpan<char> Expires;
        public ReadOnlySpan<char> Key;
        public ReadOnlySpan<char> Algorithm;
        private ReadOnlySpan<char> _nonce;
        private ReadOnlySpan<char> _tag;

        /// <summary>Any order, each at most once.</summary>
        public static bool TryRead(ReadOnlySpan<char> rest, out Parameters parameters)
        {
            parameters = default;
            while (!rest.IsEmpty)
            {
                var equals = rest.IndexOf('=');
                if (rest[0] != ';' || equals < 2 || equals + 1 >= rest.Length)
                {
                    return false;
                }

                var name = rest[1..equals];
                rest = rest[(equals + 1)..];

                // A string ends at its second quote (escapes are not needed by any value we know), a number before the next semicolon.
                var length = rest[0] == '"' ? rest[1..].IndexOf('"') + 2 : rest.IndexOf(';') is var next and >= 0 ? next : rest.Length;
                if (length < (rest[0] == '"' ? 2 : 1) || !parameters.TrySet(name, rest[..length]))
                {
                    return false;
                }

                rest = rest[length..];
            }

            return true;
        }

        private bool TrySet(ReadOnlySpan<char> name, ReadOnlySpan<char> value) => name switch
        {
            "created" => Once(ref Created, value),
            "expires" => Once(ref Expires, value),
            "keyid" => Once(ref Key, value),
            "alg" => Once(ref Algorithm, value),
            "nonce" => Once(ref _nonce, value),
            "tag" => Once(ref _tag, value),
            _ => false,
        };

        private static bool Once(ref ReadOnlySpan<char> place, ReadOnlySpan<char> value)
        {
            if (!place.IsEmpty)
            {
                return false;
            }

            place = value;
            return true;
        }
    }
}
