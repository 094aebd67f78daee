using DepinGrains.Contracts.Identities;
using DepinGrains.Contracts.Identities.Client;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Subnets.Serving;

/// <summary>Signs requests to miners (RFC 9421, the authority included, so that none can be shown to another miner). Without a key they go unsigned.</summary>
public sealed class MinerSigner : IDisposable
{
    private readonly SigningKey? _own;
    private readonly RequestSigner? _signer;

    /// <param name="options">May give a key, or name its file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="given">A host's own key.</param>
    public MinerSigner(IOptions<ServingOptions> options, TimeProvider time, RequestSigner? given = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Value is { KeyFile.Length: > 0 } or { Key.Length: > 0 })
        {
            _own = options.Value.Key.Length > 0 ? SigningKey.FromPem(options.Value.Key) : SigningKey.Load(options.Value.KeyFile);
            _signer = new RequestSigner(_own, IdentityIds.ForFirstKey(_own.KeyId, ""), time);
        }
        else
        {
            _signer = given;
        }
    }

    /// <summary>Who asks; null when unsigned.</summary>
    public string? Identity => _signer?.Identity;

    /// <summary>Adds the headers.</summary>
    public void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, string id)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_signer is null)
        {
            return;
        }

        var signed = _signer.Sign(request.Method.Method, request.RequestUri!, body, id);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", id);
        request.Headers.TryAddWithoutValidation("Content-Digest", SignatureBase.ContentDigest(signed.BodySha256.AsSpan()));
        request.Headers.TryAddWithoutValidation("Signature-Input", "sig1=" + signed.SignatureInput);
        request.Headers.TryAddWithoutValidation("Signature", $"sig1=:{Convert.ToBase64String(signed.Signature.AsSpan())}:");
    }

    /// <inheritdoc/>
    public void Dispose() => _own?.Dispose();
}
