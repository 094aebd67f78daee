using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using DepinGrains.Contracts.Identities;

namespace DepinGrains.Contracts.Nodes;

/// <summary>How nodes are named: after their key, so that one key is one node.</summary>
public static class NodeIds
{
    /// <summary>Length of every node id: <c>node_</c> and 32 base32 characters (160 bits).</summary>
    public const int Length = 37;

    private const string Prefix = "node_";
    private const int HashBytes = 20;

    /// <summary>The id that belongs to a public key (DER SubjectPublicKeyInfo): SHA-256, first 160 bits.</summary>
    public static string ForKey(ReadOnlySpan<byte> subjectPublicKeyInfo) => Prefix + Base32.Encode(SHA256.HashData(subjectPublicKeyInfo).AsSpan(0, HashBytes));

    /// <summary>True for text shaped like a node id.</summary>
    public static bool IsNode([NotNullWhen(true)] string? text) =>
        text is { Length: Length } && text.StartsWith(Prefix, StringComparison.Ordinal) && Base32.IsText(text.AsSpan(Prefix.Length));
}
