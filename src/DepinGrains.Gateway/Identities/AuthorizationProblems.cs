using DepinGrains.Contracts.Common;
using DepinGrains.Gateway.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace DepinGrains.Gateway.Identities;

/// <summary>Turns "not authenticated" and "not allowed" into problem+json that says why.</summary>
public sealed class AuthorizationProblems : IAuthorizationMiddlewareResultHandler
{
    /// <inheritdoc/>
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(authorizeResult);
        // No endpoint, or one that routing made up to say 405 or 415: there is nothing to protect, and the truth helps a stranger.
        if (authorizeResult.Succeeded || context.GetEndpoint() is not RouteEndpoint)
        {
            return next(context);
        }

        var refusal = context.Features.Get<AuthenticationRefusal>()?.Refusal;
        if (authorizeResult.Forbidden)
        {
            return Problems.WriteAsync(context, refusal ?? Refusal.Of(RequestError.Forbidden, "You may not do this."), StatusCodes.Status403Forbidden);
        }

        var signed = context.GetEndpoint()?.Metadata.GetMetadata<SignatureRequired>() is not null;
        refusal ??= Refusal.Of(RequestError.Unauthenticated, signed ? "This request must be signed (RFC 9421)." : "This needs a token (Authorization: Bearer, ES256 JWT signed by a key of yours) or an API key.");
        var status = ProblemStatus.Of(refusal.Code);
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = signed ? "Signature" : "Bearer";
        }

        return Problems.WriteAsync(context, refusal, status);
    }
}
