using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DepinGrains.Agent.Common;
using DepinGrains.Contracts.Nodes;

namespace DepinGrains.Agent.Connection;

/// <summary>Who this node is: its ECDSA P-256 key (<c>private/node-key.pem</c>) and, once joined, its id (<c>private/node.json</c>).</summary>
internal sealed class NodeIdentity : IDisposable
{
    private readonly string _file;
    private readonly ECDsa _key;
    private Stored _stored;

    private NodeIdentity(string file, ECDsa key, Stored stored) => (_file, _key, _stored) = (file, key, stored);

    /// <summary>Null: not joined yet.</summary>
    public string? NodeId => _stored.NodeId;

    /// <summary>The same at every retry of the join, also after a restart.</summary>
    public string JoinKey => _stored.JoinKey;

    /// <summary>SubjectPublicKeyInfo, base64.</summary>
    public string PublicKey => Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo());

    public static NodeIdentity Load(AgentPaths paths)
    {
        var keyFile = Path.Combine(paths.Private, "node-key.pem");
        if (!File.Exists(keyFile))
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            AgentPaths.WriteAtomically(keyFile, Encoding.ASCII.GetBytes(made.ExportPkcs8PrivateKeyPem()));
        }

        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(keyFile));
        var file = Path.Combine(paths.Private, "node.json");
        var stored = File.Exists(file) ? JsonSerializer.Deserialize<Stored>(File.ReadAllBytes(file), AgentProtocolJson.Options) : null;
        var identity = new NodeIdentity(file, key, stored ?? new Stored(null, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))));
        if (stored is null)
        {
            identity.Save();
        }

        return identity;
    }

    public void Joined(string nodeId)
    {
        _stored = _stored with { NodeId = nodeId };
        Save();
    }

    /// <summary>ECDSA with SHA-256 in IEEE P1363 form, base64url.</summary>
    public string Sign(ReadOnlySpan<byte> data) =>
        Base64Url.EncodeToString(_key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    public void Dispose() => _key.Dispose();

    private void Save() => AgentPaths.WriteAtomically(_file, JsonSerializer.SerializeToUtf8Bytes(_stored, AgentProtocolJson.Options));

    private sealed record Stored(string? NodeId, string JoinKey);
}
