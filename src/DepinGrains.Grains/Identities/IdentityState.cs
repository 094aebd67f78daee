using System.Collections.Immutable;
using DepinGrains.Contracts.Identities;
using DepinGrains.Grains.State;
using DepinGrains.Storage.Rows;

namespace DepinGrains.Grains.Identities;

/// <summary>The row of an identity; its keys and API keys are child rows.</summary>
public sealed record IdentityState(string Salt, string Label, IdentityRoles Roles, DateTimeOffset CreatedAt) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<IdentityState> Kind = new(
        new TableDefinition(
            "identity",
            [new("label", ColumnType.Text), new("roles", ColumnType.Int64), new("created_ms", ColumnType.Int64)],
            [new("created", ["created_ms"])]),
        static state => [state.Label, (long)state.Roles, state.CreatedAt.ToUnixTimeMilliseconds()]);

    /// <summary>All tables of the feature.</summary>
    public static ImmutableArray<TableDefinition> Tables => [Kind.Table, IdentityKeyState.Kind.Table, ApiKeyState.Kind.Table];
}

/// <summary>A key; child key = key id. <paramref name="Number"/> keeps the order they were added in.</summary>
public sealed record IdentityKeyState(int Number, IdentityKey Key) : RowDocument
{
    /// <summary>The table; by key id one finds the identities that list a key.</summary>
    public static readonly RowKind<IdentityKeyState> Kind = new(
        new TableDefinition(
            "identity_key",
            [new("key_id", ColumnType.Text), new("role", ColumnType.Text), new("valid", ColumnType.Boolean)],
            [new("key_id", ["key_id"])]),
        static state => [state.Key.KeyId, state.Key.Role.ToString().ToLowerInvariant(), state.Key.RevokedAt is null]);
}

/// <summary>An API key; child key = prefix. Ordered by the time it was made.</summary>
public sealed record ApiKeyState(ApiKeyRecord Key) : RowDocument
{
    /// <summary>The table.</summary>
    public static readonly RowKind<ApiKeyState> Kind = new(
        new TableDefinition(
            "api_key",
            [new("prefix", ColumnType.Text), new("expires_ms", ColumnType.Int64), new("valid", ColumnType.Boolean)],
            [new("prefix", ["prefix"])]),
        static state => [state.Key.Prefix, state.Key.ExpiresAt.ToUnixTimeMilliseconds(), state.Key.RevokedAt is null]);
}
