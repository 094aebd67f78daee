using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace DepinGrains.Contracts.Identities;

/// <summary>
/// The text of an API key, <c>dk_{prefix}_{secret}</c>: the prefix is public (32 characters of the identity's id, 8 of the key's number), so that logs and lists can name the key and the
/// identity is found without an index; the secret is 256 random bits in base64url (43 characters).
/// </summary>
public static class ApiKeyText
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretBytes = 32;

    /// <summary>Length of a prefix.</summary>
    public const int PrefixLength = OwnerCharacters + NumberCharacters;

    /// <summary>Length of a whole key.</summary>
    public const int Length = 3 + PrefixLength + 1 + SecretCharacters;

    private const int OwnerCharacters = IdentityIds.IdentityLength - 3;
    private const int NumberCharacters = 8;
    private const int SecretCharacters = 43;

    /// <summary>The prefix of an identity's key; <paramref name="operationId"/> is the idempotent operation that creates it, so that a retry names the same key.</summary>
    public static string Prefix(string identity, string operationId) =>
        string.Concat(identity.AsSpan(3), Base32.Encode(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(operationId)).AsSpan(0, 5)));

    /// <summary>Joins prefix and secret.</summary>
    public static string Format(string prefix, ReadOnlySpan<byte> secret) => $"dk_{prefix}_{Base64Url.EncodeToString(secret)}";

    /// <summary>Base64 of SHA-256 over the secret's bytes, as <see cref="ApiKeyRecord.SecretSha256"/> keeps it.</summary>
    public static string Hash(ReadOnlySpan<byte> secret) => Convert.ToBase64String(SHA256.HashData(secret));

    /// <summary>Takes a key apart; false when it is not shaped like one.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? identity, [NotNullWhen(true)] out string? prefix, [NotNullWhen(true)] out byte[]? secret)
    {
        identity = prefix = null;
        secret = null;
        if (text is not { Length: Length } || !text.StartsWith("dk_", StringComparison.Ordinal) || text[3 + PrefixLength] != '_' || !Base32.IsText(text.AsSpan(3, PrefixLength)))
        {
            return false;
        }

        var bytes = new byte[SecretBytes];
        if (!Base64Url.IsValid(text.AsSpan(Length - SecretCharacters), out var decoded) || decoded != SecretBytes
            || !Base64Url.TryDecodeFromChars(text.AsSpan(Length - SecretCharacters), bytes, out var written) || written != SecretBytes)
        {
            return false;
        }

        identity = string.Concat("id_", text.AsSpan(3, OwnerCharacters));
        prefix = text.Substring(3, PrefixLength);
        secret = bytes;
        return true;
    }
}
