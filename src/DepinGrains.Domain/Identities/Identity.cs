using System.Collections.Immutable;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>An identity as its grain keeps it.</summary>
/// <param name="Id">See <see cref="IdentityIds.ForFirstKey"/>.</param>
/// <param name="Salt">What the id was derived with.</param>
/// <param name="Label">For people.</param>
/// <param name="Roles">On the market.</param>
/// <param name="CreatedAt">When it registered.</param>
/// <param name="Keys">In the order they were added, revoked ones included.</param>
/// <param name="ApiKeys">In the order they were made.</param>
public sealed record Identity(
    string Id,
    string Salt,
    string Label,
    IdentityRoles Roles,
    DateTimeOffset CreatedAt,
    ImmutableArray<IdentityKey> Keys,
    ImmutableArray<ApiKeyRecord> ApiKeys)
{
    /// <summary>What verifiers need.</summary>
    public IdentityKeys ToKeys(long version) => new(Id, Roles, Keys, ApiKeys, version);

    /// <summary>What the owner sees; hashes of API keys are left out.</summary>
    public IdentityView ToView(long version) => new(Id, Label, Roles, CreatedAt, Keys, [.. ApiKeys.Select(static key => key with { SecretSha256 = "" })], version);
}
