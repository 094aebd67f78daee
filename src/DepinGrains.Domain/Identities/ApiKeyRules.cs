using System.Collections.Immutable;
using System.Security.Cryptography;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>The rules of API keys.</summary>
public static class ApiKeyRules
{
    /// <summary>Adds an API key; its prefix derives from the operation that makes it.</summary>
    public static Result<(Identity Identity, ApiKeyRecord Key)> Create(
        Identity identity, string prefix, string name, string secretSha256, ImmutableArray<string> scopes, DateTimeOffset expiresAt, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (IdentityRules.Text(name, "name", IdentityLimits.TextLengthMax) is { } text)
        {
            return text;
        }

        if (CheckScopes(scopes) is { } scope)
        {
            return scope;
        }

        if (expiresAt <= now || expiresAt - now > IdentityLimits.ApiKeyLifetimeMax)
        {
            return Refusal.Of(
                IdentityError.ApiKeyLifetime,
                $"An API key ends in the future, at most {IdentityLimits.ApiKeyLifetimeMax.TotalDays:0} days ahead; {expiresAt:O} does not.",
                ("expiresAt", expiresAt.ToString("O")),
                ("daysMax", (int)IdentityLimits.ApiKeyLifetimeMax.TotalDays));
        }

        var valid = identity.ApiKeys.Count(key => key.RevokedAt is null && key.ExpiresAt > now);
        if (valid >= IdentityLimits.ValidApiKeysMax)
        {
            return Refusal.Of(
                IdentityError.ApiKeyLimit, $"An identity has at most {IdentityLimits.ValidApiKeysMax} valid API keys; revoke one.", ("valid", valid), ("validMax", IdentityLimits.ValidApiKeysMax));
        }

        var record = new ApiKeyRecord(prefix, name, secretSha256, scopes, now, expiresAt);
        var kept = identity.ApiKeys.Length < IdentityLimits.ApiKeysMax
            ? identity.ApiKeys
            : identity.ApiKeys.Remove(identity.ApiKeys.First(key => key.RevokedAt is not null || key.ExpiresAt <= now));
        return (identity with { ApiKeys = kept.Add(record) }, record);
    }

    /// <summary>Revokes an API key.</summary>
    public static Result<(Identity Identity, ApiKeyRecord Key)> Revoke(Identity identity, string prefix, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var found = identity.ApiKeys.FirstOrDefault(key => key.Prefix == prefix);
        if (found is null)
        {
            return Refusal.Of(IdentityError.ApiKeyNotFound, $"The identity {identity.Id} has no API key {IdentityError.Shown(prefix)}.", ("prefix", IdentityError.Shown(prefix)));
        }

        if (found.RevokedAt is not null)
        {
            return (identity, found);
        }

        var revoked = found with { RevokedAt = now };
        return (identity with { ApiKeys = identity.ApiKeys.Replace(found, revoked) }, revoked);
    }

    /// <summary>Checks a presented key's secret in time that does not depend on where it differs. Unknown prefix and wrong secret answer alike.</summary>
    public static Result<ApiKeyRecord> Check(IdentityKeys? keys, string prefix, ReadOnlySpan<byte> secret, DateTimeOffset now)
    {
        var record = keys?.ApiKeys.FirstOrDefault(key => key.Prefix == prefix);
        // An unknown prefix compares too, with a hash nothing has, so that it takes as long.
        Span<byte> stored = stackalloc byte[32];
        var known = record is not null && Convert.TryFromBase64String(record.SecretSha256, stored, out var written) && written == 32;
        Span<byte> presented = stackalloc byte[32];
        SHA256.HashData(secret, presented);
        if (!(CryptographicOperations.FixedTimeEquals(stored, presented) & known))
        {
            return Refusal.Of(IdentityError.ApiKeyInvalid, "This API key is not valid.");
        }

        if (record!.RevokedAt is { } revoked)
        {
            return Refusal.Of(IdentityError.ApiKeyRevoked, $"The API key {prefix} was revoked at {revoked:O}.", ("prefix", prefix), ("revokedAt", revoked.ToString("O")));
        }

        return now >= record.ExpiresAt
            ? Refusal.Of(IdentityError.ApiKeyExpired, $"The API key {prefix} expired at {record.ExpiresAt:O}.", ("prefix", prefix), ("expiresAt", record.ExpiresAt.ToString("O")))
            : record;
    }

    /// <summary>Refuses no scopes, too many, doubled or unreadable ones.</summary>
    public static Refusal? CheckScopes(ImmutableArray<string> scopes)
    {
        if (scopes.IsDefaultOrEmpty || scopes.Length > Scopes.CountMax)
        {
            var count = scopes.IsDefault ? 0 : scopes.Length;
            return Refusal.Of(IdentityError.ScopeInvalid, $"1 to {Scopes.CountMax} scopes are needed; there are {count}.", ("count", count), ("countMax", Scopes.CountMax));
        }

        foreach (var scope in scopes)
        {
            if (!Scopes.IsValid(scope) || scopes.Count(other => other == scope) > 1)
            {
                return Refusal.Of(
                    IdentityError.ScopeInvalid,
                    $"The scope {IdentityError.Shown(scope ?? "null")} is not of the form area:verb (or read), or stands there twice.",
                    ("scope", IdentityError.Shown(scope ?? "null")));
            }
        }

        return null;
    }
}
