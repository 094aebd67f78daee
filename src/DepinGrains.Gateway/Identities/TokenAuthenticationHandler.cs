using System.Collections.Immutable;
using System.Security.Claims;
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

/// <summary>Checks <c>Authorization: Bearer</c> with a token of the caller's own making or an API key (<c>dk_…</c>); API keys also come as <c>X-Api-Key</c>.</summary>
public sealed class TokenAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    IKeyDirectory directory,
    VerificationKeyCache prepared,
    IOptions<HttpOptions> http,
    [FromKeyedServices(NetworkClock.TimeKey)] TimeProvider time) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public const string SchemeName = "Token";

    private const string Bearer = "Bearer ";

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var authorization = Request.Headers.Authorization.ToString();
        var credential = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : Request.Headers["X-Api-Key"].ToString();
        if (credential.Length == 0)
        {
            return AuthenticateResult.NoResult();
        }

        var caller = credential.StartsWith("dk_", StringComparison.Ordinal) ? await ApiKeyAsync(credential) : await TokenAsync(credential);
        if (!caller.IsOk)
        {
            Context.Features.Set(new AuthenticationRefusal(caller.Refusal));
            return AuthenticateResult.Fail(caller.Refusal.Code);
        }

        Context.Features.Set(caller.Value);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", caller.Value.Identity)], SchemeName, "sub", "role"));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, SchemeName));
    }

    private async Task<Result<Caller>> ApiKeyAsync(string text)
    {
        if (!ApiKeyText.TryParse(text, out var identity, out var prefix, out var secret))
        {
            return Refusal.Of(IdentityError.ApiKeyInvalid, "This API key is not valid.");
        }

        var keys = await directory.FindAsync(identity, cancel: Context.RequestAborted);
        if (keys is not null && !keys.ApiKeys.Any(key => key.Prefix == prefix))
        {
            keys = await directory.FindAsync(identity, fresh: true, Context.RequestAborted);
        }

        var found = ApiKeyRules.Check(keys, prefix, secret, time.GetUtcNow());
        return found.IsOk ? new Caller(identity, keys!.Roles, found.Value.Scopes, null, null) : found.Refusal;
    }

    private async Task<Result<Caller>> TokenAsync(string text)
    {
        var parsed = TokenVerification.Parse(text);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        var keys = await directory.FindAsync(parsed.Value.Identity, cancel: Context.RequestAborted);
        if (keys?.Find(parsed.Value.KeyId) is null)
        {
            keys = await directory.FindAsync(parsed.Value.Identity, fresh: true, Context.RequestAborted);
        }

        var claims = TokenVerification.Verify(parsed.Value, keys, http.Value.Network, time.GetUtcNow(), prepared.Prepare);
        return claims.IsOk ? new Caller(claims.Value.Identity, claims.Value.Roles, claims.Value.Scopes, claims.Value.Lease, null) : claims.Refusal;
    }
}
