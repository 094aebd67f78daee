using System.Collections.Immutable;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// A request together with its owner's signature (RFC 9421), small enough to travel to the grain that acts on it and be checked there again.
/// The body itself is represented by its SHA-256.
/// </summary>
/// <param name="Method">Upper case, e.g. <c>POST</c>.</param>
/// <param name="Authority">Host and port as signed, lower case; only checked when the signature covers <c>@authority</c>.</param>
/// <param name="Path">Percent-encoded as sent, beginning with <c>/</c>.</param>
/// <param name="Query">Percent-encoded with its <c>?</c>, or empty.</param>
/// <param name="BodySha256">32 bytes; of the empty body when there is none.</param>
/// <param name="IdempotencyKey">The <c>Idempotency-Key</c> header.</param>
/// <param name="SignatureInput">The inner list with its parameters exactly as sent (the value of <c>@signature-params</c>).</param>
/// <param name="Signature">64 bytes, r‖s (IEEE P1363).</param>
[GenerateSerializer, Immutable, Alias("depin.identity.signed_request.v1")]
public sealed record SignedRequest(
    [property: Id(0)] string Method,
    [property: Id(1)] string Authority,
    [property: Id(2)] string Path,
    [property: Id(3)] string Query,
    [property: Id(4)] ImmutableArray<byte> BodySha256,
    [property: Id(5)] string IdempotencyKey,
    [property: Id(6)] string SignatureInput,
    [property: Id(7)] ImmutableArray<byte> Signature);

/// <summary>Who signed, once the signature was found good.</summary>
/// <param name="Identity">The identity.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="KeyId">The key it signed with.</param>
/// <param name="KeyRole">That key's role.</param>
/// <param name="Request">The request, to be passed on to the grain that acts.</param>
/// <param name="Created">When it was signed.</param>
/// <param name="Expires">When the signature ends.</param>
[GenerateSerializer, Immutable, Alias("depin.identity.signed_caller.v1")]
public sealed record SignedCaller(
    [property: Id(0)] string Identity,
    [property: Id(1)] IdentityRoles Roles,
    [property: Id(2)] string KeyId,
    [property: Id(3)] KeyRole KeyRole,
    [property: Id(4)] SignedRequest Request,
    [property: Id(5)] DateTimeOffset Created,
    [property: Id(6)] DateTimeOffset Expires);
