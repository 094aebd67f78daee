using System.Buffers.Text;
using System.Globalization;

namespace DepinGrains.Contracts.Identities.Client;

/// <summary>What an agent signs with its node key when it opens its connection.</summary>
public static class NodeKey
{
    /// <summary>The text of <see cref="Nodes.AgentHello"/>'s signature.</summary>
    public static string HelloText(string node, string nonce, long timestampMs) =>
        string.Create(CultureInfo.InvariantCulture, $"depin-agent-hello\n{node}\n{nonce}\n{timestampMs}");

    /// <summary>The signature of an <see cref="Nodes.AgentHello"/>, base64url.</summary>
    public static string SignHello(SigningKey key, string node, string nonce, long timestampMs) =>
        Base64Url.EncodeToString(key.Sign(HelloText(node, nonce, timestampMs)));
}
