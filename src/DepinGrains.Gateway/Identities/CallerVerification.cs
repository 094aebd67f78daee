using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;
using DepinGrains.Domain.Identities;

namespace DepinGrains.Gateway.Identities;

/// <summary>
/// The second check of a signature, where the keys of record are: in the caller's identity grain. Grains trust the gateway that the command is what the signed body says: they get neither the
/// body's bytes nor a canonical form of them, and parsing JSON in grains would put the HTTP dialect there. What bounds that trust: a gateway holds nobody's key, so it can distort a request
/// that was really signed, under its own method, path, idempotency key and two minutes, once (the replay window), but it cannot invent one; and it cannot pass one caller's signature off as
/// another's. Gateways therefore belong to the operator, as silos do.
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
    public static async Task<Refusal?> VerifyOperatorAsync(this Caller caller, IGrainFactory grains)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var verified = await grains.GetGrain<IIdentityGrain>(caller.Identity).VerifyAsync(caller.RequireSigned().Request, KeyRoles.OwnerOrOperator);
        return !verified.IsOk ? verified.Refusal
            : (verified.Value.Roles & IdentityRoles.Operator) != 0 ? null
            : Refusal.Of(IdentityError.RoleNotAllowed, $"This needs the role {IdentityRoles.Operator}; {caller.Identity} has {verified.Value.Roles}.", ("role", IdentityRoles.Operator), ("roles", verified.Value.Roles));
    }
}
