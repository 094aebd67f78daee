using System.Collections.Frozen;
using DepinGrains.Domain.Identities;
using DepinGrains.Domain.Subnets.Serving;

namespace DepinGrains.Gateway.Http;

/// <summary>
/// Which HTTP status a refusal's code becomes: an explicit entry, else the rule's ending, else 422 ("understood, and no"). New codes need an entry only when their ending misleads.
/// </summary>
public static class ProblemStatus
{
    private static readonly FrozenDictionary<string, int> Exact = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        [IdentityError.SignatureMissing] = 401,
        [IdentityError.SignatureMalformed] = 400,
        [IdentityError.SignatureInvalid] = 401,
        [IdentityError.SignatureExpired] = 401,
        [IdentityError.SignatureFromFuture] = 401,
        [IdentityError.SignatureLifetime] = 401,
        [IdentityError.DigestMismatch] = 400,
        [IdentityError.KeyRevoked] = 401,
        [IdentityError.KeyUnknown] = 401,
        [IdentityError.KeyRole] = 403,
        [IdentityError.Foreign] = 403,
        [IdentityError.ScopeMissing] = 403,
        [IdentityError.RoleNotAllowed] = 403,
        [IdentityError.TokenMalformed] = 401,
        [IdentityError.TokenInvalid] = 401,
        [IdentityError.TokenExpired] = 401,
        [IdentityError.TokenFromFuture] = 401,
        [IdentityError.TokenLifetime] = 401,
        [IdentityError.TokenAudience] = 401,
        [IdentityError.ApiKeyInvalid] = 401,
        [IdentityError.ApiKeyRevoked] = 401,
        [IdentityError.ApiKeyExpired] = 401,
        [IdentityError.IdMismatch] = 400,
        [IdentityError.LastOwnerKey] = 409,
        [RequestError.Malformed] = 400,
        [RequestError.Invalid] = 400,
        [RequestError.BodyTooLarge] = 413,
        [RequestError.UnsupportedMediaType] = 415,
        [RequestError.IdempotencyKeyMissing] = 400,
        [RequestError.IdempotencyKeyInvalid] = 400,
        [RequestError.Unauthenticated] = 401,
        [RequestError.Forbidden] = 403,
        [RequestError.MethodNotAllowed] = 405,
        [RequestError.RateLimited] = 429,
        [RequestError.StreamLimit] = 429,
        [RequestError.ExportLimit] = 429,
        [RequestError.HostNotAllowed] = 403,
        [RequestError.OriginNotAllowed] = 403,
        [RequestError.VersionMismatch] = 412,
        [RequestError.Overloaded] = 503,
        [RequestError.Unavailable] = 503,
        [RequestError.Internal] = 500,
        // The draft on Idempotency-Key asks for 422 when the key comes with another payload.
        ["request.id_reused"] = 422,
        ["ledger.id_reused"] = 422,
        ["request.unstorable"] = 400,
        [ServingErrors.RequestInvalid] = 400,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly (string Ending, int Status)[] Endings =
    [
        ("not_found", 404),
        ("unknown", 404),
        ("gone", 410),
        ("expired", 410),
        ("exists", 409),
        ("conflict", 409),
        ("in_use", 409),
        ("wrong_state", 409),
        ("not_owner", 403),
        ("foreign", 403),
        ("not_allowed", 403),
        ("forbidden", 403),
        ("malformed", 400),
        ("invalid", 400),
        ("in_flight", 409),
        ("overloaded", 503),
        ("unavailable", 503),
    ];

    /// <summary>Status of a refusal's code.</summary>
    public static int Of(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (Exact.TryGetValue(code, out var status))
        {
            return status;
        }

        foreach (var (ending, found) in Endings)
        {
            if (code.EndsWith(ending, StringComparison.Ordinal))
            {
                return found;
            }
        }

        return 422;
    }

    /// <summary>The code that says what a bare status says.</summary>
    public static string CodeOf(int status) => status switch
    {
        400 => RequestError.Malformed,
        401 => RequestError.Unauthenticated,
        403 => RequestError.Forbidden,
        404 => RequestError.NotFound,
        405 => RequestError.MethodNotAllowed,
        412 => RequestError.VersionMismatch,
        413 => RequestError.BodyTooLarge,
        415 => RequestError.UnsupportedMediaType,
        429 => RequestError.RateLimited,
        503 => RequestError.Unavailable,
        >= 500 => RequestError.Internal,
        _ => RequestError.Invalid,
    };
}
