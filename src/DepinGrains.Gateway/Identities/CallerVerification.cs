using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Gateway.Identities;

/// <summary>
/// The second check of a signature, where the keys of record are: in the caller's identity grain. It tells an honest gateway what its cache cannot: that the key was revoked a moment ago, or that
/// the idempotency key came with another body through another gateway. It is no protection from a gateway that lies: but for changes of keys and roles, which identity grains check themselves,
/// grains get no signature with a command, so whoever can call grains can command in anybody's name (parsing bodies in grains would put the HTTP dialect there). Gateways therefore belong to the
/// operator, as silos do, and only they reach the silos' ports.
/// </summary>
public static class CallerVerification
{
    /// <summary>Null when the signature holds there too.</summary>
    public static async Task<Refusal?> VerifyAsync(this Caller caller, IGrainFactory grains)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var verified = await grains.GetGrain<IIdentityGrain>(caller.Identity).VerifyAsync(caller.RequireSigned().Request, KeyRoles.OwnerOrOperator);
        return verified.Refusal;
    }

    /// <summary>Null when the signature holds there too and the identity of record is an operator.</summary>
    public static Task<Refusal?> VerifyOperatorAsync(this Caller caller, IGrainFactory grains) => caller.VerifyRoleAsync(grains, IdentityRoles.Operator);

    /// <summary>Null when the signature holds there too and the identity of record has one of the roles.</summary>
    public static async Task<Refusal?> VerifyRoleAsync(this Caller caller, IGrainFactory grains, IdentityRoles anyOf)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var verified = await grains.GetGrain<IIdentityGrain>(caller.Identity).VerifyAsync(caller.RequireSigned().Request, KeyRoles.OwnerOrOperator);
        return !verified.IsOk ? verified.Refusal
            : (verified.Value.Roles & anyOf) != 0 ? null
            : Refusal.Of(IdentityError.RoleNotAllowed, $"This needs the role {anyOf}; {caller.Identity} has {verified.Value.Roles}.", ("role", anyOf), ("roles", verified.Value.Roles));
    }
}
