using DepinGrains.Contracts.Common;

namespace DepinGrains.Domain.Identities;

/// <summary>Every refusal of this feature. Codes are stable.</summary>
public static class IdentityError
{
    /// <summary>A request that must be signed has no <c>Signature</c> or <c>Signature-Input</c>.</summary>
    public const string SignatureMissing = "identity.signature_missing";

    /// <summary>The signature headers cannot be read, or do not cover what they must.</summary>
    public const string SignatureMalformed = "identity.signature_malformed";

    /// <summary>The signature does not fit the request.</summary>
    public const string SignatureInvalid = "identity.signature_invalid";

    /// <summary>The signature's time is over.</summary>
    public const string SignatureExpired = "identity.signature_expired";

    /// <summary>The signature was created in the verifier's future.</summary>
    public const string SignatureFromFuture = "identity.signature_from_future";

    /// <summary>The signature wants to live longer than allowed.</summary>
    public const string SignatureLifetime = "identity.signature_lifetime";

    /// <summary>The body is not what <c>Content-Digest</c> says.</summary>
    public const string DigestMismatch = "identity.digest_mismatch";

    /// <summary>No such identity.</summary>
    public const string Missing = "identity.not_found";

    /// <summary>The credential names a key the identity does not have.</summary>
    public const string KeyUnknown = "identity.key_unknown";

    /// <summary>The key to be changed is not one of the identity's.</summary>
    public const string KeyNotFound = "identity.key_not_found";

    /// <summary>The key was revoked.</summary>
    public const string KeyRevoked = "identity.key_revoked";

    /// <summary>The key's role does not allow this.</summary>
    public const string KeyRole = "identity.key_role";

    /// <summary>The idempotency key was used for another request.</summary>
    public const string IdempotencyKeyReused = "request.id_reused";

    /// <summary>The bytes are not an ECDSA P-256 SubjectPublicKeyInfo.</summary>
    public const string KeyInvalid = "identity.key_invalid";

    /// <summary>The new key's holder did not prove possession.</summary>
    public const string KeyProofInvalid = "identity.key_proof_invalid";

    /// <summary>The key is (or was) listed already.</summary>
    public const string KeyExists = "identity.key_exists";

    /// <summary>The last valid owner key cannot be revoked.</summary>
    public const string LastOwnerKey = "identity.last_owner_key";

    /// <summary>Too many keys.</summary>
    public const string KeyLimit = "identity.key_limit";

    /// <summary>The id does not derive from key and salt.</summary>
    public const string IdMismatch = "identity.id_mismatch";

    /// <summary>Registered already with other content.</summary>
    public const string Exists = "identity.exists";

    /// <summary>A label, name or salt is too long or has control characters.</summary>
    public const string TextInvalid = "identity.text_invalid";

    /// <summary>A role nobody may claim for himself.</summary>
    public const string RoleNotAllowed = "identity.role_not_allowed";

    /// <summary>The request concerns another identity.</summary>
    public const string Foreign = "identity.foreign";

    /// <summary>A scope cannot be read, or there are none or too many.</summary>
    public const string ScopeInvalid = "identity.scope_invalid";

    /// <summary>Token or API key lacks the scope.</summary>
    public const string ScopeMissing = "identity.scope_missing";

    /// <summary>The token cannot be read.</summary>
    public const string TokenMalformed = "identity.token_malformed";

    /// <summary>The token's signature is wrong.</summary>
    public const string TokenInvalid = "identity.token_invalid";

    /// <summary>The token's time is over.</summary>
    public const string TokenExpired = "identity.token_expired";

    /// <summary>The token is not valid yet.</summary>
    public const string TokenFromFuture = "identity.token_from_future";

    /// <summary>The token wants to live longer than allowed.</summary>
    public const string TokenLifetime = "identity.token_lifetime";

    /// <summary>The token is for another audience.</summary>
    public const string TokenAudience = "identity.token_audience";

    /// <summary>No such API key, or its secret is wrong: deliberately the same answer.</summary>
    public const string ApiKeyInvalid = "identity.api_key_invalid";

    /// <summary>The API key was revoked.</summary>
    public const string ApiKeyRevoked = "identity.api_key_revoked";

    /// <summary>The API key's time is over.</summary>
    public const string ApiKeyExpired = "identity.api_key_expired";

    /// <summary>The identity has no API key with this prefix.</summary>
    public const string ApiKeyNotFound = "identity.api_key_not_found";

    /// <summary>Too many API keys.</summary>
    public const string ApiKeyLimit = "identity.api_key_limit";

    /// <summary>The wanted expiry is in the past or too far ahead.</summary>
    public const string ApiKeyLifetime = "identity.api_key_lifetime";

    /// <summary>"There is no such identity."</summary>
    public static Refusal NotFound(string identity) => Refusal.Of(Missing, $"There is no identity {Shown(identity)}.", ("identity", Shown(identity)));

    /// <summary>Client text fit for a message: at most 100 characters of printable ASCII.</summary>
    internal static string Shown(string text)
    {
        var head = text.Length <= 100 ? text : string.Concat(text.AsSpan(0, 100), "…");
        return string.Create(head.Length, head, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = source[i] is (>= ' ' and <= '~') or '…' ? source[i] : '?';
            }
        });
    }
}
