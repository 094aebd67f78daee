using System.Collections.Immutable;

namespace DepinGrains.Contracts.Identities;

/// <summary>A public key of an identity. Revoked keys stay listed for ever: what they once signed must stay explainable.</summary>
/// <param name="KeyId">Fingerprint, see <see cref="IdentityIds.ForKey"/>.</param>
/// <param name="Role">What it may do.</param>
/// <param name="PublicKey">ECDSA P-256 SubjectPublicKeyInfo, base64.</param>
/// <param name="Label">Up to 64 characters for people.</param>
/// <param name="AddedAt">When it was added.</param>
/// <param name="RevokedAt">When it stopped being valid; null = valid.</param>
/// <param name="ReplacedBy">Key id of the one that took over by rotation.</param>
[GenerateSerializer, Immutable, Alias("depin.identity.key.v1")]
public sealed record IdentityKey(
    [property: Id(0)] string KeyId,
    [property: Id(1)] KeyRole Role,
    [property: Id(2)] string PublicKey,
    [property: Id(3)] string Label,
    [property: Id(4)] DateTimeOffset AddedAt,
    [property: Id(5)] DateTimeOffset? RevokedAt = null,
    [property: Id(6)] string? ReplacedBy = null);

/// <summary>An API key as the platform keeps it: never the secret, only SHA-256 of it.</summary>
/// <param name="Prefix">The public part between the underscores, see <see cref="ApiKeyText"/>.</param>
/// <param name="Name">Up to 64 characters for people.</param>
/// <param name="SecretSha256">Base64. One round suffices: the secret is 256 random bits, which no dictionary holds and no slow hash makes harder to guess.</param>
/// <param name="Scopes">What it may do, see <see cref="Scopes"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends by itself.</param>
/// <param name="RevokedAt">When it was revoked; null = not.</param>
[GenerateSerializer, Immutable, Alias("depin.identity.api_key.v1")]
public sealed record ApiKeyRecord(
    [property: Id(0)] string Prefix,
    [property: Id(1)] string Name,
    [property: Id(2)] string SecretSha256,
    [property: Id(3)] ImmutableArray<string> Scopes,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] DateTimeOffset ExpiresAt,
    [property: Id(6)] DateTimeOffset? RevokedAt = null);

/// <summary>All that is needed to check who speaks: an identity with its keys and API keys. <paramref name="Version"/> rises with every change.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.keys.v1")]
public sealed record IdentityKeys(
    [property: Id(0)] string Identity,
    [property: Id(1)] IdentityRoles Roles,
    [property: Id(2)] ImmutableArray<IdentityKey> Keys,
    [property: Id(3)] ImmutableArray<ApiKeyRecord> ApiKeys,
    [property: Id(4)] long Version)
{
    /// <summary>The key with this id, revoked ones included, or null.</summary>
    public IdentityKey? Find(string keyId)
    {
        foreach (var key in Keys)
        {
            if (string.Equals(key.KeyId, keyId, StringComparison.Ordinal))
            {
                return key;
            }
        }

        return null;
    }
}

/// <summary>An identity as shown to its owner.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.view.v1")]
public sealed record IdentityView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Label,
    [property: Id(2)] IdentityRoles Roles,
    [property: Id(3)] DateTimeOffset CreatedAt,
    [property: Id(4)] ImmutableArray<IdentityKey> Keys,
    [property: Id(5)] ImmutableArray<ApiKeyRecord> ApiKeys,
    [property: Id(6)] long Version);
