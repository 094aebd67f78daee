using System.Collections.Immutable;
using DepinGrains.Contracts.Providers;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Providers;

/// <summary>An issued join token; only its fingerprint is kept.</summary>
/// <param name="UsedBy">The node that used it up.</param>
public sealed record IssuedToken(string Fingerprint, DateTimeOffset ExpiresAt, string? UsedBy);

/// <summary>The row of a provider.</summary>
public sealed record ProviderState(
    string Id,
    ProviderProfile Profile,
    bool Maintenance,
    bool Deleted,
    ImmutableArray<AttributeSignature> Signatures,
    long Score,
    ImmutableArray<IssuedToken> Tokens,
    DateTimeOffset RegisteredAt,
    DateTimeOffset UpdatedAt) : RowDocument
{
    /// <summary>Until when nothing is awarded to it, because it is being looked whether anything still stands in the way of its deletion; null otherwise.</summary>
    public DateTimeOffset? LeavingUntil { get; init; }

    /// <summary>Auditors whose word the provider does not want.</summary>
    public ImmutableArray<string> Declined { get; init; } = [];

    /// <summary>The table.</summary>
    public static readonly RowKind<ProviderState> Kind = new(
        new TableDefinition(
            "provider",
            [new("name", ColumnType.Text), new("managed", ColumnType.Boolean), new("maintenance", ColumnType.Boolean), new("deleted", ColumnType.Boolean), new("updated_ms", ColumnType.Int64)],
            [new("updated", ["updated_ms"]), new("deleted", ["deleted", "updated_ms"])]),
        static s => [s.Profile.Name, s.Profile.Managed, s.Maintenance, s.Deleted, s.UpdatedAt.ToUnixTimeMilliseconds()]);

    /// <summary>The provider as anyone may see it.</summary>
    public ProviderView View(long version) => new(Id, Profile, Maintenance, Signatures, Score, RegisteredAt, version);
}
