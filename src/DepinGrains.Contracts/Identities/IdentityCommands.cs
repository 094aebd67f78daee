using System.Collections.Immutable;

namespace DepinGrains.Contracts.Identities;

/// <summary>A key to be added. Its holder proves possession by signing <see cref="KeyProof.Text"/>, so nobody can list another's key as his own.</summary>
/// <param name="PublicKey">ECDSA P-256 SubjectPublicKeyInfo, base64.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Label">Up to 64 characters.</param>
/// <param name="Proof">Base64 of the 64-byte signature (r‖s) by the new key.</param>
[GenerateSerializer, Immutable, Alias("depin.identity.new_key.v1")]
public sealed record NewKey(
    [property: Id(0)] string PublicKey,
    [property: Id(1)] KeyRole Role,
    [property: Id(2)] string Label,
    [property: Id(3)] string Proof);

/// <summary>Registers the identity the grain is named after; signed by the first key, which becomes its owner key.</summary>
/// <param name="PublicKey">The first key, base64 SubjectPublicKeyInfo.</param>
/// <param name="Salt">What the id was derived with, up to 64 characters.</param>
/// <param name="Label">Up to 64 characters.</param>
/// <param name="Roles">Any but operator, unless the key is one of the configured operator keys.</param>
/// <param name="Request">The signed request.</param>
[GenerateSerializer, Immutable, Alias("depin.identity.register.v1")]
public sealed record RegisterIdentity(
    [property: Id(0)] string PublicKey,
    [property: Id(1)] string Salt,
    [property: Id(2)] string Label,
    [property: Id(3)] IdentityRoles Roles,
    [property: Id(4)] SignedRequest Request);

/// <summary>Adds a key; signed by an owner key. <paramref name="IfVersion"/>: refused with <c>request.version_mismatch</c> when the identity has another version; null: whatever it has.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.add_key.v1")]
public sealed record AddKey([property: Id(0)] NewKey Key, [property: Id(1)] SignedRequest Request, [property: Id(2)] long? IfVersion = null);

/// <summary>Replaces a valid key by a new one of the same role in one step; signed by an owner key. The way to renew the only owner key. <paramref name="IfVersion"/> as for <see cref="AddKey"/>.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.rotate_key.v1")]
public sealed record RotateKey([property: Id(0)] string KeyId, [property: Id(1)] NewKey Key, [property: Id(2)] SignedRequest Request, [property: Id(3)] long? IfVersion = null);

/// <summary>Revokes a key; signed by an owner key. The last valid owner key cannot go. <paramref name="IfVersion"/> as for <see cref="AddKey"/>.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.revoke_key.v1")]
public sealed record RevokeKey([property: Id(0)] string KeyId, [property: Id(1)] SignedRequest Request, [property: Id(2)] long? IfVersion = null);

/// <summary>Creates an API key whose secret the gateway drew and only its caller sees; signed by an owner or operator key.</summary>
/// <param name="Name">Up to 64 characters.</param>
/// <param name="SecretSha256">Base64. Not part of the operation's identity: a retry keeps the first one.</param>
/// <param name="Scopes">1–16 scopes.</param>
/// <param name="ExpiresAt">At most 366 days ahead.</param>
/// <param name="Request">The signed request.</param>
[GenerateSerializer, Immutable, Alias("depin.identity.create_api_key.v1")]
public sealed record CreateApiKey(
    [property: Id(0)] string Name,
    [property: Id(1)] string SecretSha256,
    [property: Id(2)] ImmutableArray<string> Scopes,
    [property: Id(3)] DateTimeOffset ExpiresAt,
    [property: Id(4)] SignedRequest Request);

/// <summary>Revokes an API key; signed by an owner or operator key.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.revoke_api_key.v1")]
public sealed record RevokeApiKey([property: Id(0)] string Prefix, [property: Id(1)] SignedRequest Request);

/// <summary>Sets an identity's roles; signed by an owner or operator key of itself, or of an identity with the operator role, who alone may grant that role.</summary>
[GenerateSerializer, Immutable, Alias("depin.identity.set_roles.v1")]
public sealed record SetRoles([property: Id(0)] IdentityRoles Roles, [property: Id(1)] SignedRequest Request);
