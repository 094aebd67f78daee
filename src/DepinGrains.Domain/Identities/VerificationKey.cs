using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using DepinGrains.Contracts.Common;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Domain.Identities;

/// <summary>
/// A public key ready to verify with. Importing a point costs more than a third of a verification, so keepers of hot keys hold on to this object.
/// Safe for concurrent use: each verification rents one of as many handles as were ever needed at once.
/// </summary>
public sealed class VerificationKey : IDisposable
{
    /// <summary>Length of a P-256 SubjectPublicKeyInfo with an uncompressed point, the only form accepted.</summary>
    public const int InfoLength = 91;

    /// <summary>DER of SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING (0 unused bits, 0x04 = uncompressed …) }: RFC 5480.</summary>
    private static readonly byte[] InfoPrefix = Convert.FromHexString("3059301306072A8648CE3D020106082A8648CE3D03010703420004");

    private const int Remembered = 16;

    private readonly byte[]?[] _verified = new byte[]?[Remembered];
    private readonly ECParameters _parameters;
    private readonly ConcurrentBag<ECDsa> _handles = [];

    private VerificationKey(string keyId, ECParameters parameters, ECDsa first)
    {
        KeyId = keyId;
        _parameters = parameters;
        _handles.Add(first);
    }

    /// <summary>The key's fingerprint.</summary>
    public string KeyId { get; }

    /// <summary>Reads a base64 SubjectPublicKeyInfo. One key has one encoding, so one fingerprint; the point must lie on the curve.</summary>
    public static Result<VerificationKey> Parse(string? publicKey)
    {
        var info = new byte[InfoLength];
        if (publicKey is not { Length: 124 } || !Convert.TryFromBase64String(publicKey, info, out var written) || written != InfoLength
            || !info.AsSpan().StartsWith(InfoPrefix))
        {
            return Refusal.Of(
                IdentityError.KeyInvalid,
                $"The public key must be the base64 of an ECDSA P-256 SubjectPublicKeyInfo of {InfoLength} bytes with an uncompressed point.",
                ("length", publicKey?.Length ?? 0));
        }

        var parameters = new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = info[InfoPrefix.Length..(InfoPrefix.Length + 32)], Y = info[(InfoPrefix.Length + 32)..] },
        };
        try
        {
            return new VerificationKey(IdentityIds.ForKey(info), parameters, ECDsa.Create(parameters));
        }
        catch (CryptographicException)
        {
            return Refusal.Of(IdentityError.KeyInvalid, "The public key's point is not on the curve P-256.");
        }
    }

    /// <summary>True when the signature (r‖s, 64 bytes) is this key's over the UTF-8 text.</summary>
    public bool Verify(string text, ReadOnlySpan<byte> signature) => Verify(Encoding.UTF8.GetBytes(text), signature);

    /// <summary>
    /// True when the signature (r‖s, 64 bytes) is this key's over the data. The last few that held are remembered by SHA-256 of both, so that gateway and grain of one process
    /// do the curve arithmetic of a request once.
    /// </summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 64)
        {
            return false;
        }

        var mark = Mark(data, signature);
        ref var place = ref _verified[mark[0] % Remembered];
        if (Volatile.Read(ref place) is { } known && known.AsSpan().SequenceEqual(mark))
        {
            return true;
        }

        if (!Compute(data, signature))
        {
            return false;
        }

        Volatile.Write(ref place, mark);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_handles.TryTake(out var handle))
        {
            handle.Dispose();
        }
    }

    private static byte[] Mark(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        // The signature's length is fixed, so the two cannot be shifted against each other.
        var both = ArrayPool<byte>.Shared.Rent(signature.Length + data.Length);
        signature.CopyTo(both);
        data.CopyTo(both.AsSpan(signature.Length));
        var mark = SHA256.HashData(both.AsSpan(0, signature.Length + data.Length));
        ArrayPool<byte>.Shared.Return(both);
        return mark;
    }

    private bool Compute(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (!_handles.TryTake(out var handle))
        {
            handle = ECDsa.Create(_parameters);
        }

        try
        {
            return handle.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        finally
        {
            _handles.Add(handle);
        }
    }
}
