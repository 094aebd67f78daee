using System.Buffers;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>The check of a signed request, the same in gateway and grain: pure, given keys and time.</summary>
public static class RequestVerification
{
    private static readonly SearchValues<char> IdempotencyKeyCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    /// <summary>Verifies a request against an identity's keys. The cheap checks come first; the curve arithmetic last.</summary>
    /// <param name="request">The request; its <see cref="SignedRequest.BodySha256"/> was computed from the body, not taken from a header.</param>
    /// <param name="keys">The identity the signature names.</param>
    /// <param name="allowed">Key roles that may do this.</param>
    /// <param name="now">The verifier's time.</param>
    /// <param name="prepared">The key ready for use, by key id, where the caller keeps some; null = parse it here.</param>
    /// <param name="read">The request's <see cref="SignedRequest.SignatureInput"/> where the caller has read it already; null = read it here.</param>
    public static Result<SignedCaller> Verify(
        SignedRequest request, IdentityKeys keys, KeyRoles allowed, DateTimeOffset now, Func<IdentityKey, VerificationKey?>? prepared = null, SignatureInput? read = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(keys);
        var parsed = read ?? SignatureInput.Parse(request.SignatureInput);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        var input = parsed.Value;
        if (Shape(request, input) is { } shape)
        {
            return shape;
        }

        var usable = CheckKey(input, keys, allowed, now);
        if (!usable.IsOk)
        {
            return usable.Refusal;
        }

        var key = usable.Value;
        return Fits(request, input, key, prepared)
            ? new SignedCaller(keys.Identity, keys.Roles, key.KeyId, key.Role, request, input.Created, input.Expires)
            : Refusal.Of(
                IdentityError.SignatureInvalid,
                "The signature does not fit this request: method, path, query, body and idempotency key must arrive exactly as they were signed.",
                ("key", key.KeyId));
    }

    /// <summary>What the signature's parameters alone can tell, before any body is read: its time, that the key exists, is valid and may do this.</summary>
    public static Result<IdentityKey> CheckKey(SignatureInput input, IdentityKeys? keys, KeyRoles allowed, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (Time(input, now) is { } late)
        {
            return late;
        }

        if (input.Identity != keys?.Identity || keys.Find(input.KeyId) is not { } key)
        {
            return Refusal.Of(IdentityError.KeyUnknown, $"The identity {input.Identity} has no key {input.KeyId}.", ("identity", input.Identity), ("key", input.KeyId));
        }

        return KeyUsable(key, allowed) is { } unusable ? unusable : key;
    }

    /// <summary>Refuses a revoked key, or one whose role is not among the allowed.</summary>
    public static Refusal? KeyUsable(IdentityKey key, KeyRoles allowed)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.RevokedAt is { } revoked)
        {
            return Refusal.Of(IdentityError.KeyRevoked, $"The key {key.KeyId} was revoked at {revoked:O}.", ("key", key.KeyId), ("revokedAt", revoked.ToString("O")));
        }

        var role = (KeyRoles)(1 << (int)key.Role);
        return (allowed & role) != 0
            ? null
            : Refusal.Of(IdentityError.KeyRole, $"A key with the role {key.Role} may not do this; it takes {allowed}.", ("key", key.KeyId), ("role", key.Role), ("allowed", allowed));
    }

    /// <summary>True for 1–128 characters of <c>[A-Za-z0-9._:-]</c>.</summary>
    public static bool IsIdempotencyKey(string? text) =>
        text is { Length: > 0 and <= SignatureBase.IdempotencyKeyLengthMax } && !text.AsSpan().ContainsAnyExcept(IdempotencyKeyCharacters);

    private static Refusal? Shape(SignedRequest request, SignatureInput input)
    {
        if (!IsIdempotencyKey(request.IdempotencyKey))
        {
            return Refusal.Of(
                IdentityError.SignatureMalformed, $"Idempotency-Key must be 1 to {SignatureBase.IdempotencyKeyLengthMax} characters of A-Z a-z 0-9 . _ : -.");
        }

        return request.BodySha256.IsDefault || request.BodySha256.Length != 32 || request.Signature.IsDefault
            ? Refusal.Of(IdentityError.SignatureMalformed, "The body's digest must have 32 bytes.")
            : input.Covers(request.Query.Length > 0);
    }

    private static Refusal? Time(SignatureInput input, DateTimeOffset now)
    {
        var lifetime = input.Expires - input.Created;
        if (lifetime <= TimeSpan.Zero || lifetime > SignatureBase.LifetimeMax)
        {
            return Refusal.Of(
                IdentityError.SignatureLifetime,
                $"A signature lives 1 to {SignatureBase.LifetimeMax.TotalSeconds:0} s; this one wants {lifetime.TotalSeconds:0} s.",
                ("seconds", (long)lifetime.TotalSeconds),
                ("secondsMax", (long)SignatureBase.LifetimeMax.TotalSeconds));
        }

        if (input.Created - now > SignatureBase.ClockSkewMax)
        {
            return Refusal.Of(
                IdentityError.SignatureFromFuture,
                $"The signature was created {(input.Created - now).TotalSeconds:0} s ahead of the server's time {now:O}; check your clock.",
                ("created", input.Created.ToString("O")),
                ("now", now.ToString("O")));
        }

        return now >= input.Expires
            ? Refusal.Of(
                IdentityError.SignatureExpired,
                $"The signature expired at {input.Expires:O}; the server's time is {now:O}. Sign again and keep the idempotency key.",
                ("expires", input.Expires.ToString("O")),
                ("now", now.ToString("O")))
            : null;
    }

    private static bool Fits(SignedRequest request, SignatureInput input, IdentityKey key, Func<IdentityKey, VerificationKey?>? prepared)
    {
        if (SignatureBase.Build(request, input.Components) is not { } text)
        {
            return false;
        }

        if (prepared?.Invoke(key) is { } ready)
        {
            return ready.Verify(text, request.Signature.AsSpan());
        }

        var parsed = VerificationKey.Parse(key.PublicKey);
        if (!parsed.IsOk)
        {
            return false;
        }

        using var verifier = parsed.Value;
        return verifier.Verify(text, request.Signature.AsSpan());
    }
}
