using DepinGrains.Contracts.Common;
using Orleans.Concurrency;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// One identity: its keys, API keys and roles; key = the identity id. Every change carries the request its caller signed, and is checked here against the keys of record, whatever the gateway believed.
/// A change is remembered for ever by its idempotency key: sent again it answers as the first time, with other content it is refused as <c>request.id_reused</c>.
/// </summary>
[Alias("depin.identity.grain")]
public interface IIdentityGrain : IGrainWithStringKey
{
    /// <summary>Brings the identity into being.</summary>
    [Alias("register")]
    Task<Result<IdentityView>> RegisterAsync(RegisterIdentity command);

    /// <summary>Adds a key; answers it as listed.</summary>
    [Alias("addKey")]
    Task<Result<IdentityKey>> AddKeyAsync(AddKey command);

    /// <summary>Replaces a key; answers the new one.</summary>
    [Alias("rotateKey")]
    Task<Result<IdentityKey>> RotateKeyAsync(RotateKey command);

    /// <summary>Revokes a key; answers it as it is listed from now on.</summary>
    [Alias("revokeKey")]
    Task<Result<IdentityKey>> RevokeKeyAsync(RevokeKey command);

    /// <summary>Creates an API key; answers what is kept of it, its hash included: a caller who drew the secret sees by the hash whether this is his or an earlier attempt's.</summary>
    [Alias("createApiKey")]
    Task<Result<ApiKeyRecord>> CreateApiKeyAsync(CreateApiKey command);

    /// <summary>Revokes an API key.</summary>
    [Alias("revokeApiKey")]
    Task<Result<ApiKeyRecord>> RevokeApiKeyAsync(RevokeApiKey command);

    /// <summary>Sets the roles. A request of another identity is verified by that identity's grain first. Answers the roles.</summary>
    [Alias("setRoles")]
    Task<Result<IdentityRoles>> SetRolesAsync(SetRoles command);

    /// <summary>The identity, or null when it was never registered.</summary>
    [Alias("get")]
    Task<IdentityView?> GetAsync();

    /// <summary>What is needed to check signatures, tokens and API keys; null when never registered. Cached by gateways.</summary>
    [Alias("keys")]
    Task<IdentityKeys?> GetKeysAsync();

    /// <summary>Checks a signed request against the keys of record; market grains call it before they move money or do what cannot be undone. Reads only, so it waits for nobody: two operators who set each other's roles at once each need the other's answer.</summary>
    [Alias("verify"), AlwaysInterleave]
    Task<Result<SignedCaller>> VerifyAsync(SignedRequest request, KeyRoles allowed);
}
