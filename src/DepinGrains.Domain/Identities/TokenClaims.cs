using System.Collections.Immutable;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>What a good token says.</summary>
/// <param name="Identity">Who signed it.</param>
/// <param name="Roles">The identity's roles.</param>
/// <param name="KeyId">The key it was signed with.</param>
/// <param name="KeyRole">That key's role.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="Lease">The one lease it is good for; null = all of the identity's.</param>
/// <param name="Expires">When it ends.</param>
public sealed record TokenClaims(
    string Identity, IdentityRoles Roles, string KeyId, KeyRole KeyRole, ImmutableArray<string> Scopes, string? Lease, DateTimeOffset Expires);
