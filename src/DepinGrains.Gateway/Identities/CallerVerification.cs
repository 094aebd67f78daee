using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Gateway.Identities;

/// <summary>The second check of a signature, where the keys of record are: in the caller's identity grain.</summary>
public static class CallerVerification
{
    /// <summary>Null when the signature holds there too.</summary>
    public static async Task<Refusal?> VerifyAsync(this Caller caller, IGrainFactory grains)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var verified = await grains.GetGrain<IIdentityGrain>(caller.Identity).VerifyAsync(caller.RequireSigned().Request, KeyRoles.OwnerOrOperator);
        return verified.Refusal;
    }
}
