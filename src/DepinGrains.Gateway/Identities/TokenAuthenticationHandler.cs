using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace DepinGrains.Gateway.Identities;

/// <summary>Checks <c>Authorization: Bearer</c> with a token of the caller's own making or an API key (<c>dk_…</c>); API keys also come as <c>X-Api-Key</c>.</summary>
public sealed class TokenAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    CredentialCheck check) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public const string SchemeName = "Token";

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (CredentialCheck.Of(Request) is not { } credential)
        {
            return AuthenticateResult.NoResult();
        }

        var caller = await check.CheckAsync(credential, begun: null, Context.RequestAborted);
        if (!caller.IsOk)
        {
            Context.Features.Set(new AuthenticationRefusal(caller.Refusal));
            return AuthenticateResult.Fail(caller.Refusal.Code);
        }

        Context.Features.Set(caller.Value);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", caller.Value.Identity)], SchemeName, "sub", "role"));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, SchemeName));
    }
}
