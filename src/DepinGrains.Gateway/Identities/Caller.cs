using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;
using DepinGrains.Gateway.Http;

namespace DepinGrains.Gateway.Identities;

/// <summary>Who calls, as endpoints take it (a handler parameter of this type is bound by itself; anonymous callers are refused, see <see cref="Of"/> for public endpoints).</summary>
/// <param name="Identity">The identity.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Scopes">What its token or API key may do; empty for a signed request, which may do all.</param>
/// <param name="Lease">The one lease its token is good for; null = any.</param>
/// <param name="Signed">The verified signature to pass on to the grain, on endpoints with <c>RequireSignature</c>.</param>
public sealed record Caller(string Identity, IdentityRoles Roles, ImmutableArray<string> Scopes, string? Lease, SignedCaller? Signed)
{
    /// <summary>True for an operator of the network.</summary>
    public bool IsOperator => (Roles & IdentityRoles.Operator) != 0;

    /// <summary>The caller of a request, or null when nobody said who calls.</summary>
    public static Caller? Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<Caller>();
    }

    /// <summary>Binds the parameter.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) =>
        ValueTask.FromResult<Caller?>(Of(context) ?? throw new RefusalException(Refusal.Of(RequestError.Unauthenticated, "This needs a token, an API key or a signature.")));

    /// <summary>The verified signature; only on endpoints with <c>RequireSignature</c>.</summary>
    public SignedCaller RequireSigned() => Signed ?? throw new InvalidOperationException("the endpoint reads a signature but is not marked with RequireSignature");

    /// <summary>The id grains remember this request's answer under; see <see cref="OperationIds"/>.</summary>
    public string OperationId(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Signed is { } signed
            ? OperationIds.For(Identity, signed.Request)
            : OperationIds.For(Identity, context.Request.Method, RawTarget.Path(context), IdempotencyKey.Of(context) ?? throw new InvalidOperationException("this request needs no idempotency key"));
    }

    /// <summary>True when token, API key or signature covers the scope.</summary>
    public bool Has(string scope) => Signed is not null || Contracts.Identities.Scopes.Covers(Scopes, scope);

    /// <summary>Refuses another's resource; operators may read all.</summary>
    public Refusal? OwnerOnly(string owner, bool operatorsToo = true) =>
        Identity == owner || (operatorsToo && IsOperator)
            ? null
            : Refusal.Of(IdentityError.Foreign, $"This belongs to {owner}, not to {Identity}.", ("owner", owner), ("caller", Identity));

    /// <summary>Refuses a lease-scoped token on another lease.</summary>
    public Refusal? LeaseOnly(string lease) =>
        Lease is null || Lease == lease ? null : Refusal.Of(IdentityError.ScopeMissing, $"The token is for lease {Lease} alone.", ("lease", Lease), ("wanted", lease));

    /// <summary>Refuses a lease-scoped token where something else than a lease is read; null for all other callers.</summary>
    public Refusal? BeyondLease() =>
        Lease is null ? null : Refusal.Of(IdentityError.ScopeMissing, $"The token is for lease {Lease} alone; this is not about one lease.", ("lease", Lease));

    /// <summary>Refuses a token or API key without the scope.</summary>
    public Refusal? WithoutScope(string scope) => Has(scope) ? null : Refusal.Of(
        IdentityError.ScopeMissing,
        $"This needs the scope {scope}; the token or API key has {string.Join(' ', Scopes)}.",
        ("scope", scope),
        ("granted", string.Join(' ', Scopes)));
}
