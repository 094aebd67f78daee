using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// The text that is signed: the signature base of RFC 9421 section 2.5. Client and server share this file, so they cannot drift apart.
/// Covered: <c>@method</c>, <c>@path</c>, <c>@query</c> (exactly when there is one), <c>content-digest</c>, <c>idempotency-key</c>, and <c>@authority</c> when the signer binds the host.
/// </summary>
public static class SignatureBase
{
    /// <summary>The only algorithm: ECDSA on P-256 with SHA-256 (RFC 9421 section 3.3.4).</summary>
    public const string Algorithm = "ecdsa-p256-sha256";

    /// <summary>Longest time between <c>created</c> and <c>expires</c>.</summary>
    public static readonly TimeSpan LifetimeMax = TimeSpan.FromMinutes(5);

    /// <summary>How far <c>created</c> may lie in the verifier's future.</summary>
    public static readonly TimeSpan ClockSkewMax = TimeSpan.FromSeconds(30);

    /// <summary>Longest <c>Idempotency-Key</c>.</summary>
    public const int IdempotencyKeyLengthMax = 128;

    private static readonly ImmutableArray<string>[] Lists =
    [
        ["@method", "@path", "content-digest", "idempotency-key"],
        ["@method", "@path", "@query", "content-digest", "idempotency-key"],
        ["@method", "@authority", "@path", "content-digest", "idempotency-key"],
        ["@method", "@authority", "@path", "@query", "content-digest", "idempotency-key"],
    ];

    /// <summary>The components signed for a request, in the order our own clients send; the same array every time.</summary>
    public static ImmutableArray<string> Components(bool hasQuery, bool bindAuthority) => Lists[(hasQuery ? 1 : 0) + (bindAuthority ? 2 : 0)];

    /// <summary>Serialises the inner list and its parameters: the value of <c>@signature-params</c> and of the <c>Signature-Input</c> member.</summary>
    public static string Parameters(ImmutableArray<string> components, DateTimeOffset created, DateTimeOffset expires, string keyReference)
    {
        var text = new StringBuilder("(");
        for (var i = 0; i < components.Length; i++)
        {
            text.Append(i == 0 ? "\"" : " \"").Append(components[i]).Append('"');
        }

        return text.Append(CultureInfo.InvariantCulture, $");created={created.ToUnixTimeSeconds()};expires={expires.ToUnixTimeSeconds()};keyid=\"{keyReference}\";alg=\"{Algorithm}\"")
            .ToString();
    }

    /// <summary>The signature base for the components in their order; null when a component is not one of ours.</summary>
    public static string? Build(SignedRequest request, ImmutableArray<string> components)
    {
        var text = new StringBuilder(512);
        foreach (var component in components)
        {
            var value = component switch
            {
                "@method" => request.Method,
                "@authority" => request.Authority,
                "@path" => request.Path,
                "@query" => request.Query,
                "content-digest" => ContentDigest(request.BodySha256.AsSpan()),
                "idempotency-key" => request.IdempotencyKey,
                _ => null,
            };
            if (value is null)
            {
                return null;
            }

            text.Append('"').Append(component).Append("\": ").Append(value).Append('\n');
        }

        return text.Append("\"@signature-params\": ").Append(request.SignatureInput).ToString();
    }

    /// <summary>The <c>Content-Digest</c> header of RFC 9530.</summary>
    public static string ContentDigest(ReadOnlySpan<byte> sha256) => $"sha-256=:{Convert.ToBase64String(sha256)}:";
}
