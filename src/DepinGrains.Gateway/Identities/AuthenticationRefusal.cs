using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Gateway.Identities;

/// <summary>Why credentials were not good; becomes the problem of the 401.</summary>
public sealed record AuthenticationRefusal(Refusal Refusal);

/// <summary>A signed request whose identity is not registered yet: digest checked, signature not. The registration endpoint checks it against the key in the body.</summary>
public sealed record UnverifiedRequest(SignedRequest Request, string Identity);
