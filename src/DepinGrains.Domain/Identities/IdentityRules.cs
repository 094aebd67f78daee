using System.Collections.Immutable;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>The changes of an identity and its keys: pure; who may ask was checked by <see cref="RequestVerification"/> before.</summary>
public static class IdentityRules
{
    /// <summary>Roles an identity may claim for itself.</summary>
    public const IdentityRoles SelfClaimable = IdentityRoles.Tenant | IdentityRoles.Provider | IdentityRoles.Auditor;

    /// <summary>The keys an unregistered identity's first request is checked with: the one key it brings, as owner. Refuses when the id does not derive from it.</summary>
    public static Result<IdentityKeys> Candidate(string id, string publicKey, string salt, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(salt);
        if (Text(salt, "salt", IdentityIds.SaltLengthMax) is { } refused)
        {
            return refused;
        }

        var parsed = VerificationKey.Parse(publicKey);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        using var key = parsed.Value;
        var derived = IdentityIds.ForFirstKey(key.KeyId, salt);
        return derived == id
            ? new IdentityKeys(id, IdentityRoles.None, [new IdentityKey(key.KeyId, KeyRole.Owner, publicKey, "", now)], [], 0)
            : Refusal.Of(
                IdentityError.IdMismatch,
                $"The identity that begins with key {key.KeyId} and this salt is {derived}.",
                ("identity", IdentityError.Shown(id)),
                ("derived", derived));
    }

    /// <summary>A new identity with its first key as owner key.</summary>
    /// <param name="mayOperate">The key is one of the network's configured operator keys, so the operator role may be claimed.</param>
    public static Result<Identity> Register(string id, string publicKey, string salt, string label, IdentityRoles roles, bool mayOperate, DateTimeOffset now)
    {
        var candidate = Candidate(id, publicKey, salt, now);
        if (!candidate.IsOk)
        {
            return candidate.Refusal;
        }

        if (Text(label, "label", IdentityLimits.TextLengthMax) is { } refused)
        {
            return refused;
        }

        var claimable = SelfClaimable | (mayOperate ? IdentityRoles.Operator : IdentityRoles.None);
        return (roles & ~claimable) != 0
            ? RoleRefusal(roles & ~claimable)
            : new Identity(id, salt, label, roles, now, candidate.Value.Keys, []);
    }

    /// <summary>Adds a key whose holder proved possession.</summary>
    public static Result<Identity> AddKey(Identity identity, NewKey key, DateTimeOffset now)
    {
        var added = Accept(identity, key, now);
        return added.IsOk ? identity with { Keys = identity.Keys.Add(added.Value) } : added.Refusal;
    }

    /// <summary>Replaces a valid key by a new one of the same role in one step.</summary>
    public static Result<Identity> RotateKey(Identity identity, string keyId, NewKey key, DateTimeOffset now)
    {
        if (Valid(identity, keyId, out var at) is { } refused)
        {
            return refused;
        }

        if (key.Role != identity.Keys[at].Role)
        {
            return Refusal.Of(
                IdentityError.KeyRole,
                $"Rotation keeps the role: {keyId} is {identity.Keys[at].Role}, the new key wants {key.Role}.",
                ("role", identity.Keys[at].Role),
                ("wanted", key.Role));
        }

        // The old one leaves as the new one comes: the number of valid keys does not rise.
        var retired = identity with { Keys = identity.Keys.SetItem(at, identity.Keys[at] with { RevokedAt = now }) };
        var added = Accept(retired, key, now);
        return added.IsOk
            ? retired with { Keys = retired.Keys.SetItem(at, retired.Keys[at] with { ReplacedBy = added.Value.KeyId }).Add(added.Value) }
            : added.Refusal;
    }

    /// <summary>Revokes a key; it stays listed.</summary>
    public static Result<Identity> RevokeKey(Identity identity, string keyId, DateTimeOffset now)
    {
        if (Valid(identity, keyId, out var at) is { } refused)
        {
            return refused;
        }

        if (identity.Keys[at].Role == KeyRole.Owner && identity.Keys.Count(static k => k.Role == KeyRole.Owner && k.RevokedAt is null) == 1)
        {
            return Refusal.Of(IdentityError.LastOwnerKey, $"{keyId} is the only valid owner key; add another or rotate it, or nobody could manage this identity again.", ("key", keyId));
        }

        return identity with { Keys = identity.Keys.SetItem(at, identity.Keys[at] with { RevokedAt = now }) };
    }

    /// <summary>Sets the roles. Those of operators and gateways are granted and taken by operators alone.</summary>
    /// <param name="byOperator">The caller has the operator role, or signed with a key that may take it.</param>
    public static Result<Identity> SetRoles(Identity identity, IdentityRoles roles, bool byOperator)
    {
        var known = SelfClaimable | IdentityRoles.Operator | IdentityRoles.Gateway;
        var changed = roles ^ identity.Roles;
        return (roles & ~known) != 0 || (!byOperator && (changed & ~SelfClaimable) != 0)
            ? RoleRefusal((roles & ~known) | (changed & ~SelfClaimable))
            : identity with { Roles = roles };
    }

    /// <summary>Refuses text that is too long, has control characters, or lone surrogates (which no store can keep).</summary>
    public static Refusal? Text(string? text, string name, int lengthMax)
    {
        if (text is null || text.Length > lengthMax)
        {
            return Refusal.Of(IdentityError.TextInvalid, $"The {name} must have at most {lengthMax} characters; it has {text?.Length ?? 0}.", ("field", name), ("length", text?.Length ?? 0), ("lengthMax", lengthMax));
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsControl(text[i]) || char.IsSurrogate(text[i]))
            {
                return Refusal.Of(IdentityError.TextInvalid, $"The {name} has a control character or half a surrogate pair at position {i}.", ("field", name), ("position", i));
            }
        }

        return null;
    }

    private static Result<IdentityKey> Accept(Identity identity, NewKey key, DateTimeOffset now)
    {
        if (Text(key.Label, "label", IdentityLimits.TextLengthMax) is { } refused)
        {
            return refused;
        }

        if (!Enum.IsDefined(key.Role))
        {
            return Refusal.Of(IdentityError.KeyRole, $"There is no key role {(int)key.Role}.", ("role", (int)key.Role));
        }

        var parsed = VerificationKey.Parse(key.PublicKey);
        if (!parsed.IsOk)
        {
            return parsed.Refusal;
        }

        using var verifier = parsed.Value;
        if (identity.Keys.Any(k => k.KeyId == verifier.KeyId))
        {
            return Refusal.Of(IdentityError.KeyExists, $"The key {verifier.KeyId} is or was a key of this identity; a key is never taken back.", ("key", verifier.KeyId));
        }

        var valid = identity.Keys.Count(static k => k.RevokedAt is null);
        if (valid >= IdentityLimits.ValidKeysMax || identity.Keys.Length >= IdentityLimits.KeysMax)
        {
            return Refusal.Of(
                IdentityError.KeyLimit,
                $"An identity has at most {IdentityLimits.ValidKeysMax} valid keys and {IdentityLimits.KeysMax} ever; this one has {valid} and {identity.Keys.Length}.",
                ("valid", valid),
                ("validMax", IdentityLimits.ValidKeysMax),
                ("keys", identity.Keys.Length),
                ("keysMax", IdentityLimits.KeysMax));
        }

        var proof = new byte[64];
        return key.Proof is { Length: 88 } && Convert.TryFromBase64String(key.Proof, proof, out var written) && written == 64
            && verifier.Verify(KeyProof.Text(identity.Id, verifier.KeyId, key.Role), proof)
            ? new IdentityKey(verifier.KeyId, key.Role, key.PublicKey, key.Label, now)
            : Refusal.Of(
                IdentityError.KeyProofInvalid, "The new key must prove possession: base64 of its signature over depin-key-proof, identity, key id and role.", ("key", verifier.KeyId));
    }

    private static Refusal? Valid(Identity identity, string keyId, out int at)
    {
        at = -1;
        for (var i = 0; i < identity.Keys.Length; i++)
        {
            if (identity.Keys[i].KeyId == keyId)
            {
                at = i;
                return identity.Keys[i].RevokedAt is { } revoked
                    ? Refusal.Of(IdentityError.KeyRevoked, $"The key {keyId} was revoked at {revoked:O}.", ("key", keyId), ("revokedAt", revoked.ToString("O")))
                    : null;
            }
        }

        return Refusal.Of(IdentityError.KeyNotFound, $"The identity {identity.Id} has no key {IdentityError.Shown(keyId)}.", ("identity", identity.Id), ("key", IdentityError.Shown(keyId)));
    }

    private static Refusal RoleRefusal(IdentityRoles roles) =>
        Refusal.Of(IdentityError.RoleNotAllowed, $"The role {roles} is not yours to give.", ("roles", roles));
}
