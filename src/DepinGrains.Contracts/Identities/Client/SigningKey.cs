using System.Security.Cryptography;
using System.Text;

namespace DepinGrains.Contracts.Identities.Client;

/// <summary>A private ECDSA P-256 key on its owner's machine, kept as PEM (PKCS#8). Never sent anywhere. Safe for concurrent use.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new();

    private SigningKey(ECDsa key)
    {
        _key = key;
        var info = key.ExportSubjectPublicKeyInfo();
        PublicKey = Convert.ToBase64String(info);
        KeyId = IdentityIds.ForKey(info);
    }

    /// <summary>SubjectPublicKeyInfo, base64.</summary>
    public string PublicKey { get; }

    /// <summary>The key's fingerprint.</summary>
    public string KeyId { get; }

    /// <summary>Draws a new key from the system's random source.</summary>
    public static SigningKey Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a key from PEM text (<c>PRIVATE KEY</c> or <c>EC PRIVATE KEY</c>); throws <see cref="CryptographicException"/> when it is not a P-256 key.</summary>
    public static SigningKey FromPem(ReadOnlySpan<char> pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.KeySize != 256 || key.ExportParameters(false).Curve.Oid.Value is not "1.2.840.10045.3.1.7")
            {
                throw new CryptographicException("the key is not on the curve P-256");
            }

            return new SigningKey(key);
        }
        catch (ArgumentException problem)
        {
            key.Dispose();
            throw new CryptographicException("there is no PEM private key in this text", problem);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Reads a key file.</summary>
    public static SigningKey Load(string path) => FromPem(File.ReadAllText(path));

    /// <summary>Reads the key file, or makes one readable by its owner alone.</summary>
    public static SigningKey LoadOrCreate(string path)
    {
        if (File.Exists(path))
        {
            return Load(path);
        }

        var key = Generate();
        try
        {
            key.Save(path);
            return key;
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was faster: its key is the one on disk.
            key.Dispose();
            return Load(path);
        }
    }

    /// <summary>Writes the key as PEM, mode 0600; never over an existing file. Whole or not at all: the file appears under its name only when it is complete.</summary>
    public void Save(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var draft = Path.Combine(folder, $".{Path.GetFileName(path)}.{Environment.ProcessId}.{KeyId[^8..]}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var file = new FileStream(draft, options))
            {
                file.Write(Encoding.ASCII.GetBytes(ToPem()));
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, path, overwrite: false);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    /// <summary>The private key as PEM (PKCS#8).</summary>
    public string ToPem()
    {
        lock (_gate)
        {
            return _key.ExportPkcs8PrivateKeyPem() + "\n";
        }
    }

    /// <summary>Signs UTF-8 text with SHA-256: 64 bytes, r‖s.</summary>
    public byte[] Sign(string text) => Sign(Encoding.UTF8.GetBytes(text));

    /// <summary>Signs bytes with SHA-256: 64 bytes, r‖s.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            return _key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    /// <summary>This key with its proof of possession, ready to be added to an identity.</summary>
    public NewKey ToNewKey(string identity, KeyRole role, string label) =>
        new(PublicKey, role, label, Convert.ToBase64String(Sign(KeyProof.Text(identity, KeyId, role))));

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
