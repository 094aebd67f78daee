using System.Collections.Immutable;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Gateway.Identities;

/// <summary>Roles as the API names them.</summary>
public enum RoleName
{
    /// <summary>Buys.</summary>
    Tenant,

    /// <summary>Sells.</summary>
    Provider,

    /// <summary>Vouches for providers' attributes.</summary>
    Auditor,

    /// <summary>Runs the network.</summary>
    Operator,

    /// <summary>Is one of the network's gateways.</summary>
    Gateway,
}

/// <summary>Registers an identity; signed by the key itself under <c>keyid="{id}/{keyId}"</c>.</summary>
public sealed record RegisterIdentityRequest(
    [property: Required, StringLength(124, MinimumLength = 124), Description("ECDSA P-256 SubjectPublicKeyInfo, base64")] string PublicKey,
    [property: StringLength(IdentityIds.SaltLengthMax), Description("What the id is derived with; another salt, another identity")] string Salt = "",
    [property: StringLength(64), Description("For people")] string Label = "",
    [property: MaxLength(5), Description("tenant, provider, auditor; operator only for the network's configured keys; gateway is given by operators")] IReadOnlyList<RoleName>? Roles = null);

/// <summary>A key to be added, with its proof of possession.</summary>
public sealed record NewKeyRequest(
    [property: Required, StringLength(124, MinimumLength = 124), Description("ECDSA P-256 SubjectPublicKeyInfo, base64")] string PublicKey,
    [property: Description("owner adds and revokes keys, operator signs every day's requests, node lives on a machine")] KeyRole Role,
    [property: Required, StringLength(88, MinimumLength = 88), Description("base64 of the new key's signature (r‖s) over depin-key-proof\\n{identity}\\n{keyId}\\n{role}")] string Proof,
    [property: StringLength(64), Description("For people")] string Label = "");

/// <summary>Creates an API key.</summary>
public sealed record CreateApiKeyRequest(
    [property: Required, StringLength(64, MinimumLength = 1), Description("For people")] string Name,
    [property: Required, MinLength(1), MaxLength(Contracts.Identities.Scopes.CountMax), Description("area:verb, e.g. leases:read; read covers every …:read")] IReadOnlyList<string> Scopes,
    [property: Description("At most 366 days ahead")] DateTimeOffset ExpiresAt);

/// <summary>Sets an identity's roles.</summary>
public sealed record SetRolesRequest([property: Required, MaxLength(5)] IReadOnlyList<RoleName> Roles);

/// <summary>A public key of an identity; revoked ones stay listed.</summary>
public sealed record KeyResponse(string KeyId, KeyRole Role, string PublicKey, string Label, DateTimeOffset AddedAt, DateTimeOffset? RevokedAt, string? ReplacedBy)
{
    internal static KeyResponse Of(IdentityKey key) => new(key.KeyId, key.Role, key.PublicKey, key.Label, key.AddedAt, key.RevokedAt, key.ReplacedBy);
}

/// <summary>An API key without its secret.</summary>
public sealed record ApiKeyResponse(string Prefix, string Name, ImmutableArray<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? RevokedAt)
{
    internal static ApiKeyResponse Of(ApiKeyRecord key) => new(key.Prefix, key.Name, key.Scopes, key.CreatedAt, key.ExpiresAt, key.RevokedAt);
}

/// <summary>A created API key. The key itself is shown this once.</summary>
/// <param name="Key">The whole key, <c>dk_…</c>; null in the answer to a retry: the secret went out with the first answer and is not kept. Lost it? Revoke and create another.</param>
/// <param name="ApiKey">What stays listed.</param>
public sealed record ApiKeyCreatedResponse(string? Key, ApiKeyResponse ApiKey);

/// <summary>An identity. API keys are shown to itself and to operators only.</summary>
public sealed record IdentityResponse(
    string Id, string Label, ImmutableArray<RoleName> Roles, DateTimeOffset CreatedAt, ImmutableArray<KeyResponse> Keys, ImmutableArray<ApiKeyResponse>? ApiKeys, long Version)
{
    internal static IdentityResponse Of(IdentityView view, bool whole) => new(
        view.Id,
        view.Label,
        RoleNames.Of(view.Roles),
        view.CreatedAt,
        [.. view.Keys.Select(KeyResponse.Of)],
        whole ? [.. view.ApiKeys.Select(ApiKeyResponse.Of)] : null,
        view.Version);
}

/// <summary>The roles an identity has now.</summary>
public sealed record RolesResponse(ImmutableArray<RoleName> Roles);

/// <summary>Between names and flags.</summary>
public static class RoleNames
{
    /// <summary>Flags of names; doubled names count once.</summary>
    public static IdentityRoles ToFlags(IEnumerable<RoleName>? names) => (names ?? []).Aggregate(IdentityRoles.None, static (flags, name) => flags | (IdentityRoles)(1 << (int)name));

    /// <summary>Names of flags.</summary>
    public static ImmutableArray<RoleName> Of(IdentityRoles roles) => [.. Enum.GetValues<RoleName>().Where(name => (roles & (IdentityRoles)(1 << (int)name)) != 0)];
}
