namespace DepinGrains.Grains.State.Secrets;

/// <summary>Encrypts what must not stand in plain in a row. The purpose names the one row the text belongs to; text moved to another row does not open.</summary>
public interface ISecretProtector
{
    /// <summary>Seals a text for a purpose. The same text for the same purpose seals to the same bytes.</summary>
    ReadOnlyMemory<byte> Protect(string purpose, ReadOnlySpan<byte> plain);

    /// <summary>Opens what <see cref="Protect"/> sealed; throws <see cref="System.Security.Cryptography.CryptographicException"/> when it was changed, belongs to another purpose or its key is unknown.</summary>
    byte[] Unprotect(string purpose, ReadOnlySpan<byte> sealedBytes);

    /// <summary>A keyed fingerprint (hex, 128 bits) that tells whether two secret texts are equal and nothing more.</summary>
    string Fingerprint(string purpose, ReadOnlySpan<byte> plain);
}
