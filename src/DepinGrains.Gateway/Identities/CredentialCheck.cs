using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;
using DepinGrains.Grains.Identities;
using DepinGrains.Grains.Network;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Identities;

/// <summary>Who a token or an API key says calls: asked when a request comes, and again and again while what it opened stays open.</summary>
public sealed class CredentialCheck(IKeyDirectory directory, VerificationKeyCache prepared, IOptions<HttpOptions> http, [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time)
{
    private const string Bearer = "Bearer ";

    /// <summary>The token or API key of a request; null: it has none.</summary>
    public static string? Of(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var authorization = request.Headers.Authorization.ToString();
        var credential = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : request.Headers["X-Api-Key"].ToString();
        return credential.Length == 0 ? null : credential;
    }

    /// <summary>The caller, or why the credential is not good.</summary>
    /// <param name="credential">A token of the caller's own making, or an API key.</param>
    /// <param name="begun">When it was shown first: a token need only have been in time then, its key must be good now. Null: now.</param>
    /// <param name="cancel">Ends the wait.</param>
    public Task<Result<Caller>> CheckAsync(string credential, DateTimeOffset? begun, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return credential.StartsWith("dk_", StringComparison.Ordinal) ? ApiKeyAsync(credential, cancel) : TokenAsync(credential, begun, cancel);
    }

    private async Task<Result<Caller>> ApiKeyAsync(string text, CancellationToken cancel)
    {
        if (!ApiKeyText.TryParse(text, out var identity, out var prefix, out var secret))
        {
            return Refusal.Of(IdentityError.ApiKeyInvalid, "This API key is not valid.");
        }

        var keys = await directory.FindAsync(identity, cancel: cancel);
        if (keys is not null && !keys.ApiKeys.Any(key => key.Prefix == prefix))
        {
            keys = await directory.FindAsync(identity, fresh: true, cancel);
        }

        var found = ApiKeyRules.Check(keys, prefix, secret, time.GetUtcNow());
        return found.IsOk ? new Caller(identity, keys!.Roles, found.Value.Scopes, null, null) : found.Refusal;
    }

    private async Task<Result<Caller>> TokenAsync(string text, DateTimeOffset? begun, CancellationToken cancel)
    {
        var parsed = TokenVerification.Parse(text);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        var keys = await directory.FindAsync(parsed.Value.Identity, cancel: cancel);
        if (keys?.Find(parsed.Value.KeyId) is null)
        {
            keys = await directory.FindAsync(parsed.Value.Identity, fresh: true, cancel);
        }

        var claims = TokenVerification.Verify(parsed.Value, keys, http.Value.Network, begun ?? time.GetUtcNow(), prepared.Prepare);
        return claims.IsOk ? new Caller(claims.Value.Identity, claims.Value.Roles, claims.Value.Scopes, claims.Value.Lease, null) : claims.Refusal;
    }
}
