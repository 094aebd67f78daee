using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// How identities and keys are named. A key's id is its fingerprint; an identity's id is derived once from its first key and a salt, and outlives every key.
/// In signatures and tokens a key is named by its reference <c>id_…/key_…</c>, so that the identity's grain is found without an index.
/// </summary>
public static class IdentityIds
{
    /// <summary>Length of every identity id: <c>id_</c> and 32 base32 characters (160 bits).</summary>
    public const int IdentityLength = 3 + HashCharacters;

    /// <summary>Length of every key id: <c>key_</c> and 32 base32 characters (160 bits).</summary>
    public const int KeyLength = 4 + HashCharacters;

    /// <summary>Longest salt.</summary>
    public const int SaltLengthMax = 64;

    private const string IdentityPrefix = "id_";
    private const string KeyPrefix = "key_";
    private const int HashBytes = 20;
    private const int HashCharacters = 32;

    /// <summary>Fingerprint of a public key: SHA-256 over its SubjectPublicKeyInfo (DER), first 160 bits.</summary>
    public static string ForKey(ReadOnlySpan<byte> subjectPublicKeyInfo) =>
        KeyPrefix + Base32.Encode(SHA256.HashData(subjectPublicKeyInfo).AsSpan(0, HashBytes));

    /// <summary>Id of the identity that begins with this key: SHA-256 over <c>depin-identity\n{keyId}\n{salt}</c>, first 160 bits. Another salt, another identity.</summary>
    public static string ForFirstKey(string keyId, string salt) =>
        IdentityPrefix + Base32.Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"depin-identity\n{keyId}\n{salt}")).AsSpan(0, HashBytes));

    /// <summary>True for text shaped like an identity id.</summary>
    public static bool IsIdentity([NotNullWhen(true)] string? text) =>
        text is { Length: IdentityLength } && text.StartsWith(IdentityPrefix, StringComparison.Ordinal) && Base32.IsText(text.AsSpan(IdentityPrefix.Length));

    /// <summary>True for text shaped like a key id.</summary>
    public static bool IsKey([NotNullWhen(true)] string? text) =>
        text is { Length: KeyLength } && text.StartsWith(KeyPrefix, StringComparison.Ordinal) && Base32.IsText(text.AsSpan(KeyPrefix.Length));

    /// <summary>The reference <c>id_…/key_…</c>.</summary>
    public static string Reference(string identity, string key) => identity + "/" + key;

    /// <summary>Takes a reference apart; false when it is not one.</summary>
    public static bool TryParseReference(string? reference, [NotNullWhen(true)] out string? identity, [NotNullWhen(true)] out string? key)
    {
        identity = key = null;
        if (reference is not { Length: IdentityLength + 1 + KeyLength } || reference[IdentityLength] != '/')
        {
            return false;
        }

        var (left, right) = (reference[..IdentityLength], reference[(IdentityLength + 1)..]);
        if (!IsIdentity(left) || !IsKey(right))
        {
            return false;
        }

        (identity, key) = (left, right);
        return true;
    }
}
