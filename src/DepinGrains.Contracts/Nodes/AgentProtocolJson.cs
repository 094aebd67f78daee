using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DepinGrains.Contracts.Nodes;

/// <summary>How both ends write and check the messages of <see cref="AgentProtocol"/>.</summary>
public static class AgentProtocolJson
{
    /// <summary>camelCase, enums as numbers, <c>type</c> anywhere in the object, depth at most 32. Text stands as it is: escapes would make six bytes of one, and what fits into a row would not fit into a message.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>The bytes that <see cref="AgentHello.Signature"/> signs.</summary>
    public static byte[] HelloBytes(string node, string nonce, long timestampMs) =>
        Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"depin-agent-hello\n{node}\n{nonce}\n{timestampMs}"));

    /// <summary>Bytes a workload takes in a message that holds others too.</summary>
    public static int Size(WorkloadSpec workload) => JsonSerializer.SerializeToUtf8Bytes(workload, Options).Length + 1;

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web) { AllowOutOfOrderMetadataProperties = true, MaxDepth = 32, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>Body of <c>POST /v1/nodes/join</c>; sent with an <c>Idempotency-Key</c> that is the same at every retry.</summary>
/// <param name="Token">One-time join token of the provider. A secret.</param>
/// <param name="PublicKey">Node key: ECDSA P-256 SubjectPublicKeyInfo, base64.</param>
/// <param name="Hardware">What the agent found.</param>
/// <param name="Region">Where the machine stands, in the owner's words; at most 64 characters.</param>
/// <param name="Host">Host name or address under which the workloads' ports answer; null: the address the request came from.</param>
public sealed record NodeJoinRequest(string Token, string PublicKey, HardwareInventory Hardware, string? Region = null, string? Host = null)
{
    /// <summary>Never prints the token.</summary>
    public override string ToString() => $"NodeJoinRequest({PublicKey})";
}

/// <summary>Answer to a join.</summary>
/// <param name="NodeId">The node's id, used in every hello.</param>
public sealed record NodeJoinResponse(string NodeId);
