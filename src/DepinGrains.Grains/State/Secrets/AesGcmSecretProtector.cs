using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace DepinGrains.Grains.State.Secrets;

/// <summary>
/// AES-256-GCM under a key derived per purpose (HKDF-SHA256, RFC 5869). The nonce is the first 96 bits of HMAC-SHA256 over the text under a second derived key:
/// no randomness is needed and no nonce meets two different texts; equal texts of one purpose are seen to be equal, nothing else.
/// Layout: 1 byte version (1), 4 bytes key id, 12 bytes nonce, 16 bytes tag, cipher text.
/// </summary>
public sealed class AesGcmSecretProtector : ISecretProtector
{
    private const byte Version = 1;
    private const int KeyIdBytes = 4;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeaderBytes = 1 + KeyIdBytes + NonceBytes + TagBytes;
    private const int MasterBytes = 32;

    private readonly ImmutableArray<(byte[] Id, byte[] Key)> _masters;

    /// <summary>Reads the master keys; throws when one is not the base64 of 32 bytes.</summary>
    public AesGcmSecretProtector(IOptions<SecretOptions> options)
        : this(options.Value.MasterKeys.Select(Convert.FromBase64String))
    {
    }

    /// <summary>The first key seals, all open.</summary>
    public AesGcmSecretProtector(IEnumerable<byte[]> masters)
    {
        _masters = [.. masters.Select(key => (SHA256.HashData(key)[..KeyIdBytes], key))];
        if (_masters.IsEmpty || _masters.Any(master => master.Key.Length != MasterBytes))
        {
            throw new ArgumentException($"there must be at least one master key, each of {MasterBytes} bytes", nameof(masters));
        }
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Protect(string purpose, ReadOnlySpan<byte> plain)
    {
        var (id, master) = _masters[0];
        var result = new byte[HeaderBytes + plain.Length];
        result[0] = Version;
        id.CopyTo(result.AsSpan(1));
        var nonce = result.AsSpan(1 + KeyIdBytes, NonceBytes);
        HMACSHA256.HashData(Derive(master, "nonce", purpose), plain)[..NonceBytes].CopyTo(nonce);
        using var aes = new AesGcm(Derive(master, "seal", purpose), TagBytes);
        aes.Encrypt(nonce, plain, result.AsSpan(HeaderBytes), result.AsSpan(HeaderBytes - TagBytes, TagBytes), result.AsSpan(0, 1 + KeyIdBytes));
        return result;
    }

    /// <inheritdoc/>
    public byte[] Unprotect(string purpose, ReadOnlySpan<byte> sealedBytes)
    {
        if (sealedBytes.Length < HeaderBytes || sealedBytes[0] != Version)
        {
            throw new CryptographicException("not a sealed secret");
        }

        foreach (var (id, master) in _masters)
        {
            if (!sealedBytes.Slice(1, KeyIdBytes).SequenceEqual(id))
            {
                continue;
            }

            var plain = new byte[sealedBytes.Length - HeaderBytes];
            using var aes = new AesGcm(Derive(master, "seal", purpose), TagBytes);
            aes.Decrypt(
                sealedBytes.Slice(1 + KeyIdBytes, NonceBytes),
                sealedBytes[HeaderBytes..],
                sealedBytes.Slice(HeaderBytes - TagBytes, TagBytes),
                plain,
                sealedBytes[..(1 + KeyIdBytes)]);
            return plain;
        }

        throw new CryptographicException("sealed with a master key this host does not have");
    }

    /// <inheritdoc/>
    public string Fingerprint(string purpose, ReadOnlySpan<byte> plain) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Derive(_masters[0].Key, "fingerprint", purpose), plain).AsSpan(0, 16));

    private static byte[] Derive(byte[] master, string use, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, master, MasterBytes, salt: null, Encoding.UTF8.GetBytes($"depin/{use}\n{purpose}"));
}
