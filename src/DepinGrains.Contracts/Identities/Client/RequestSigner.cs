using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Contracts.Identities.Client;

/// <summary>Signs requests of one identity with one of its keys. Used by the CLI, the agent, the hosts themselves and the tests.</summary>
/// <param name="key">The key; not disposed here.</param>
/// <param name="identity">The identity it belongs to.</param>
/// <param name="time">The clock of <c>created</c> and <c>expires</c>.</param>
public sealed class RequestSigner(SigningKey key, string identity, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The identity that signs.</summary>
    public string Identity { get; } = identity;

    /// <summary>How long signatures last: 2 minutes, at most <see cref="SignatureBase.LifetimeMax"/>.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Also signs <c>@authority</c>, so that the request is worthless at another host. Off where a proxy rewrites <c>Host</c>.</summary>
    public bool BindAuthority { get; init; } = true;

    /// <summary>A random idempotency key, 26 characters.</summary>
    public static string NewIdempotencyKey() => Base32.Encode(RandomNumberGenerator.GetBytes(16));

    /// <summary>Adds <c>Idempotency-Key</c> (unless there), <c>Content-Digest</c>, <c>Signature-Input</c> and <c>Signature</c>. Signing again, for a retry, renews them and keeps the key.</summary>
    public async Task SignAsync(HttpRequestMessage request, string? idempotencyKey = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            throw new InvalidOperationException("the request needs an absolute address before it can be signed (use SigningHandler with a client that has a base address)");
        }

        idempotencyKey ??= request.Headers.TryGetValues("Idempotency-Key", out var there) ? there.First() : NewIdempotencyKey();
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancel);
        var signed = Sign(request.Method.Method, uri, body, idempotencyKey);
        Replace(request, "Idempotency-Key", idempotencyKey);
        Replace(request, "Content-Digest", SignatureBase.ContentDigest(signed.BodySha256.AsSpan()));
        Replace(request, "Signature-Input", "sig1=" + signed.SignatureInput);
        Replace(request, "Signature", $"sig1=:{Convert.ToBase64String(signed.Signature.AsSpan())}:");
    }

    /// <summary>Signs without HTTP: what hosts use to call grains in their own name.</summary>
    public SignedRequest Sign(string method, Uri uri, ReadOnlySpan<byte> body, string idempotencyKey)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var created = _time.GetUtcNow();
        var components = SignatureBase.Components(uri.Query.Length > 0, BindAuthority);
        var input = SignatureBase.Parameters(components, created, created + Lifetime, IdentityIds.Reference(Identity, key.KeyId));
        var request = new SignedRequest(
            method, uri.Authority.ToLowerInvariant(), uri.AbsolutePath, uri.Query, [.. SHA256.HashData(body)], idempotencyKey, input, []);
        var text = SignatureBase.Build(request, components)!;
        return request with { Signature = ImmutableArray.Create(key.Sign(Encoding.UTF8.GetBytes(text))) };
    }

    private static void Replace(HttpRequestMessage request, string name, string value)
    {
        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }
}
