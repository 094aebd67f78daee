using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text.Json;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>
/// Reads and checks the tokens callers issue to themselves: JWT with ES256 and nothing else (<c>alg</c> is compared, never obeyed). Two steps, because the keys are looked up in between:
/// <see cref="Parse"/> names the identity, <see cref="Verify"/> decides.
/// </summary>
public static class TokenVerification
{
    /// <summary>Longest token read.</summary>
    public const int LengthMax = 4096;

    private const int LeaseLengthMax = 128;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>A token taken apart, nothing of it believed yet.</summary>
    public sealed record Parsed(
        string Identity,
        string KeyId,
        string Audience,
        DateTimeOffset IssuedAt,
        DateTimeOffset Expires,
        ImmutableArray<string> Scopes,
        string? Lease,
        string SignedText,
        ImmutableArray<byte> Signature);

    /// <summary>Takes a token apart.</summary>
    public static Result<Parsed> Parse(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length > LengthMax)
        {
            return Malformed($"it has {token.Length} characters; at most {LengthMax} are read");
        }

        var first = token.IndexOf('.', StringComparison.Ordinal);
        var second = first < 0 ? -1 : token.IndexOf('.', first + 1);
        if (second < 0 || token.IndexOf('.', second + 1) >= 0)
        {
            return Malformed("it must have three parts");
        }

        if (!TryDecode(token.AsSpan(0, first), out var header) || !TryDecode(token.AsSpan(first + 1, second - first - 1), out var payload)
            || !TryDecode(token.AsSpan(second + 1), out var signature) || signature.Length != 64)
        {
            return Malformed("its parts must be base64url, the last one of 64 bytes");
        }

        try
        {
            using var head = JsonDocument.Parse(header, Strict);
            using var body = JsonDocument.Parse(payload, Strict);
            return Read(head.RootElement, body.RootElement, token[..second], signature);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException)
        {
            return Malformed("its header and payload must be JSON objects");
        }
    }

    /// <summary>Checks time, audience, key and signature.</summary>
    /// <param name="token">From <see cref="Parse"/>.</param>
    /// <param name="keys">The identity the token names; null when there is none.</param>
    /// <param name="audience">This network.</param>
    /// <param name="now">The verifier's time.</param>
    /// <param name="prepared">The key ready for use, where the caller keeps some.</param>
    public static Result<TokenClaims> Verify(Parsed token, IdentityKeys? keys, string audience, DateTimeOffset now, Func<IdentityKey, VerificationKey?>? prepared = null)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (Time(token, now) is { } late)
        {
            return late;
        }

        if (token.Audience != audience)
        {
            return Refusal.Of(IdentityError.TokenAudience, $"The token is for {IdentityError.Shown(token.Audience)}, this is {audience}.", ("audience", IdentityError.Shown(token.Audience)), ("wanted", audience));
        }

        if (keys is null || keys.Identity != token.Identity || keys.Find(token.KeyId) is not { } key)
        {
            return Refusal.Of(IdentityError.KeyUnknown, $"The identity {token.Identity} has no key {token.KeyId}.", ("identity", token.Identity), ("key", token.KeyId));
        }

        if (RequestVerification.KeyUsable(key, KeyRoles.Any) is { } revoked)
        {
            return revoked;
        }

        // A key that lies on a machine speaks for that machine, not for the owner's money and leases.
        if (key.Role == KeyRole.Node && token.Scopes.FirstOrDefault(static scope => !scope.StartsWith("nodes:", StringComparison.Ordinal)) is { } beyond)
        {
            return Refusal.Of(IdentityError.KeyRole, $"A node key's token may hold nodes:… scopes alone, not {beyond}.", ("key", key.KeyId), ("role", key.Role), ("scope", beyond));
        }

        return Signed(token, key, prepared)
            ? new TokenClaims(keys.Identity, keys.Roles, key.KeyId, key.Role, token.Scopes, token.Lease, token.Expires)
            : Refusal.Of(IdentityError.TokenInvalid, "The token's signature is not by the key it names.", ("key", key.KeyId));
    }

    private static Result<Parsed> Read(JsonElement header, JsonElement payload, string signedText, byte[] signature)
    {
        if (Text(header, "alg") != "ES256" || header.TryGetProperty("crit", out _))
        {
            return Malformed("alg must be ES256 and crit absent");
        }

        if (!IdentityIds.TryParseReference(Text(header, "kid"), out var identity, out var key) || Text(payload, "iss") != identity || Text(payload, "sub") != identity)
        {
            return Malformed("kid must be id_…/key_…, and iss and sub that identity");
        }

        if (Text(payload, "aud") is not { Length: > 0 and <= 128 } audience || !TryInstant(payload, "iat", out var issued) || !TryInstant(payload, "exp", out var expires))
        {
            return Malformed("aud must be text, iat and exp Unix seconds");
        }

        ImmutableArray<string> scopes = [.. (Text(payload, "scope") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        if (ApiKeyRules.CheckScopes(scopes) is { } refused)
        {
            return refused;
        }

        var lease = Text(payload, "lease");
        return lease is { Length: 0 or > LeaseLengthMax } || (lease is null && payload.TryGetProperty("lease", out _))
            ? Malformed("lease must be text of 1 to 128 characters")
            : new Parsed(identity, key, audience, issued, expires, scopes, lease, signedText, [.. signature]);
    }

    private static Refusal? Time(Parsed token, DateTimeOffset now)
    {
        var lifetime = token.Expires - token.IssuedAt;
        if (lifetime <= TimeSpan.Zero || lifetime > IdentityLimits.TokenLifetimeMax)
        {
            return Refusal.Of(
                IdentityError.TokenLifetime,
                $"A token lives 1 to {IdentityLimits.TokenLifetimeMax.TotalSeconds:0} s; this one wants {lifetime.TotalSeconds:0} s.",
                ("seconds", (long)lifetime.TotalSeconds),
                ("secondsMax", (long)IdentityLimits.TokenLifetimeMax.TotalSeconds));
        }

        if (token.IssuedAt - now > SignatureBase.ClockSkewMax)
        {
            return Refusal.Of(IdentityError.TokenFromFuture, $"The token was issued at {token.IssuedAt:O}, ahead of the server's time {now:O}.", ("issuedAt", token.IssuedAt.ToString("O")), ("now", now.ToString("O")));
        }

        return now >= token.Expires
            ? Refusal.Of(IdentityError.TokenExpired, $"The token expired at {token.Expires:O}; the server's time is {now:O}.", ("expires", token.Expires.ToString("O")), ("now", now.ToString("O")))
            : null;
    }

    private static bool Signed(Parsed token, IdentityKey key, Func<IdentityKey, VerificationKey?>? prepared)
    {
        if (prepared?.Invoke(key) is { } ready)
        {
            return ready.Verify(token.SignedText, token.Signature.AsSpan());
        }

        var parsed = VerificationKey.Parse(key.PublicKey);
        if (!parsed.IsOk)
        {
            return false;
        }

        using var verifier = parsed.Value;
        return verifier.Verify(token.SignedText, token.Signature.AsSpan());
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool TryInstant(JsonElement element, string name, out DateTimeOffset instant)
    {
        instant = default;
        if (!element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var seconds) || seconds is < 0 or > 99_999_999_999)
        {
            return false;
        }

        instant = DateTimeOffset.FromUnixTimeSeconds(seconds);
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<char> part, out byte[] bytes)
    {
        bytes = [];
        if (part.IsEmpty || part.Contains('=') || !Base64Url.IsValid(part))
        {
            return false;
        }

        bytes = Base64Url.DecodeFromChars(part);
        return true;
    }

    private static Refusal Malformed(string why) => Refusal.Of(IdentityError.TokenMalformed, $"The token cannot be read: {why}.");
}
