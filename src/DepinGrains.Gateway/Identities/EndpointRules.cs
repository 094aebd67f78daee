using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using Microsoft.AspNetCore.Authorization;

namespace DepinGrains.Gateway.Identities;

/// <summary>Marks an endpoint whose requests must be signed.</summary>
/// <param name="KeyRoles">Roles of keys that may sign.</param>
/// <param name="Unregistered">The signer may not be registered yet; the endpoint checks the signature itself.</param>
public sealed record SignatureRequired(KeyRoles KeyRoles, bool Unregistered);

/// <summary>Marks an endpoint about one lease, which looks at <see cref="Caller.LeaseOnly"/>: the only kind that takes a token made for one lease.</summary>
public sealed record LeaseTokensTaken;

/// <summary>Wants a scope of tokens and API keys.</summary>
public sealed record ScopeRequirement(string Scope) : IAuthorizationRequirement;

/// <summary>Wants one of some roles of the identity.</summary>
public sealed record RoleRequirement(IdentityRoles AnyOf) : IAuthorizationRequirement;

/// <summary>What endpoints declare about their callers. Without any of these the fallback holds: somebody known, or <c>AllowAnonymous</c>.</summary>
public static class EndpointRules
{
    /// <summary>The request must be signed (RFC 9421) by a key with one of the roles; the handler finds the proof in <see cref="Caller.Signed"/>. For all that moves money or cannot be undone.</summary>
    public static TBuilder RequireSignature<TBuilder>(this TBuilder builder, KeyRoles keys = KeyRoles.OwnerOrOperator)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new SignatureRequired(keys, false)).RequireAuthorization();

    /// <summary>The request must be signed by a key its body brings; only for registration.</summary>
    public static TBuilder RequireSelfSignature<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new SignatureRequired(KeyRoles.Owner, true)).RequireAuthorization();

    /// <summary>Token or API key must carry the scope, e.g. <c>leases:read</c>; signed requests need none.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder =>
        Scopes.IsValid(scope) ? builder.RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(new ScopeRequirement(scope))) : throw new ArgumentException($"{scope} is no scope", nameof(scope));

    /// <summary>Tokens made for one lease are good here; the endpoint compares the lease. Everywhere else they are refused.</summary>
    public static TBuilder TakesLeaseTokens<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new LeaseTokensTaken());

    /// <summary>The identity must have one of the roles.</summary>
    public static TBuilder RequireIdentityRole<TBuilder>(this TBuilder builder, IdentityRoles anyOf)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(new RoleRequirement(anyOf)));
}

/// <summary>Decides scopes, roles, and that a token for one lease reaches nothing else.</summary>
public sealed class CallerAuthorizationHandler(IHttpContextAccessor accessor) : IAuthorizationHandler
{
    /// <inheritdoc/>
    public Task HandleAsync(AuthorizationHandlerContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var http = context.Resource as HttpContext ?? accessor.HttpContext;
        if (http is null || Caller.Of(http) is not { } caller)
        {
            return Task.CompletedTask;
        }

        if (caller.Lease is not null && http.GetEndpoint()?.Metadata.GetMetadata<LeaseTokensTaken>() is null)
        {
            http.Features.Set(new AuthenticationRefusal(caller.BeyondLease()!));
            context.Fail();
            return Task.CompletedTask;
        }

        foreach (var requirement in context.PendingRequirements.ToArray())
        {
            switch (requirement)
            {
                case ScopeRequirement scope when caller.Has(scope.Scope):
                case RoleRequirement role when (caller.Roles & role.AnyOf) != 0:
                    context.Succeed(requirement);
                    break;
                case ScopeRequirement scope:
                    http.Features.Set(new AuthenticationRefusal(caller.WithoutScope(scope.Scope)!));
                    break;
                case RoleRequirement role:
                    http.Features.Set(new AuthenticationRefusal(Refusal.Of(
                        IdentityError.RoleNotAllowed, $"This needs the role {role.AnyOf}; {caller.Identity} has {caller.Roles}.", ("role", role.AnyOf), ("roles", caller.Roles))));
                    break;
            }
        }

        return Task.CompletedTask;
    }
}
