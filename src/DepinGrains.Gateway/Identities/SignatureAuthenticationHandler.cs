using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Network;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Identities;

/// <summary>
/// Checks the signature of endpoints marked with <c>RequireSignature</c>. What headers alone can tell is refused before the body is read; the body is read once, bounded, hashed, and handed on from memory.
/// </summary>
public sealed class SignatureAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    IKeyDirectory directory,
    VerificationKeyCache prepared,
    IOptions<HttpOptions> http,
    [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public const string SchemeName = "Signature";

    private const int BufferBytes = 4_096;

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var required = Context.GetEndpoint()?.Metadata.GetMetadata<SignatureRequired>();
        if (required is null)
        {
            return AuthenticateResult.NoResult();
        }

        var headers = SignatureHeaders.Parse(Single("Signature-Input"), Single("Signature"));
        if (!headers.IsOk)
        {
            return Refused(headers.Refusal);
        }

        var input = SignatureInput.Parse(headers.Value.Input);
        var digest = SignatureHeaders.ParseDigest(Request.Headers["Content-Digest"]);
        if ((input.Refusal ?? digest.Refusal) is { } malformed)
        {
            return Refused(malformed);
        }

        IdentityKeys? keys = null;
        if (!required.Unregistered)
        {
            keys = await KeysAsync(input.Value!);
            var early = RequestVerification.CheckKey(input.Value!, keys, required.KeyRoles, time.GetUtcNow());
            if (!early.IsOk)
            {
                return Refused(early.Refusal);
            }
        }

        var sha256 = await HashBodyAsync();
        if (!CryptographicOperations.FixedTimeEquals(sha256, digest.Value.AsSpan()))
        {
            return Refused(Refusal.Of(IdentityError.DigestMismatch, "The body is not the one Content-Digest names.", ("computed", SignatureBase.ContentDigest(sha256))));
        }

        var request = Compose(headers.Value.Input, headers.Value.Signature, sha256);
        if (keys is null)
        {
            Context.Features.Set(new UnverifiedRequest(request, input.Value!.Identity));
            return Ticket(input.Value.Identity);
        }

        var caller = RequestVerification.Verify(request, keys, required.KeyRoles, time.GetUtcNow(), prepared.Prepare, input.Value);
        if (!caller.IsOk)
        {
            return Refused(caller.Refusal);
        }

        Context.Features.Set(new Caller(caller.Value.Identity, caller.Value.Roles, [], null, caller.Value));
        return Ticket(caller.Value.Identity);
    }

    private async ValueTask<IdentityKeys?> KeysAsync(SignatureInput input)
    {
        var keys = await directory.FindAsync(input.Identity, cancel: Context.RequestAborted);
        return keys?.Find(input.KeyId) is null ? await directory.FindAsync(input.Identity, fresh: true, Context.RequestAborted) : keys;
    }

    private async Task<byte[]> HashBodyAsync()
    {
        var limit = http.Value.BodyBytesMax;
        if (Request.ContentLength > limit)
        {
            throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
        }

        // A body of known length, and all our clients send one, is read into place; one byte more than it may have tells that it is over.
        var buffer = new byte[Request.ContentLength is { } known ? (int)known + 1 : BufferBytes];
        int length = 0, read;
        while ((read = await Request.Body.ReadAsync(buffer.AsMemory(length), Context.RequestAborted)) > 0)
        {
            length += read;
            if (length > limit)
            {
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }

        Request.Body = new MemoryStream(buffer, 0, length, writable: false);
        return SHA256.HashData(buffer.AsSpan(0, length));
    }

    private SignedRequest Compose(string input, ImmutableArray<byte> signature, byte[] sha256)
    {
        var (path, query) = RawTarget.Split(Context);
        return new SignedRequest(
            Request.Method, Request.Host.Value?.ToLowerInvariant() ?? "", path, query, ImmutableCollectionsMarshal.AsImmutableArray(sha256), Single(IdempotencyKey.Header) ?? "", input, signature);
    }

    // A header sent twice is not the header that was signed.
    private string? Single(string name) => Request.Headers[name] is { Count: 1 } values ? values[0] : null;

    private static AuthenticateResult Ticket(string identity) =>
        AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", identity)], SchemeName, "sub", "role")), SchemeName));

    private AuthenticateResult Refused(Refusal refusal)
    {
        Context.Features.Set(new AuthenticationRefusal(refusal));
        return AuthenticateResult.Fail(refusal.Code);
    }
}
