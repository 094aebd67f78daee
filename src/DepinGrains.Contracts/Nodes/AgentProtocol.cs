using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace DepinGrains.Contracts.Nodes;

/// <summary>
/// Messages of the one WebSocket between an agent and any gateway, <c>GET /v1/agent</c>: one JSON object per text message, at most 1 MiB.
/// The agent opens with <see cref="AgentHello"/>, the gateway answers <see cref="AgentWelcome"/> with the session number that fences older connections of the same node.
/// </summary>
public static class AgentProtocol
{
    /// <summary>Sent as sub-protocol of the WebSocket.</summary>
    public const string SubProtocol = "depin.agent.v1";

    /// <summary>Largest message in bytes.</summary>
    public const int MessageBytesMax = 1 << 20;

    /// <summary>Most bytes of all workloads of a node, secrets included: they reach it in one message, which holds more than them.</summary>
    public const int WorkloadBytesMax = 900_000;
}

/// <summary>From the agent to the gateway.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(AgentHello), "hello")]
[JsonDerivedType(typeof(AgentHeartbeat), "heartbeat")]
[JsonDerivedType(typeof(AgentPull), "pull")]
[JsonDerivedType(typeof(AgentReport), "report")]
[JsonDerivedType(typeof(AgentLogs), "logs")]
[JsonDerivedType(typeof(AgentShellOutput), "shellOutput")]
public abstract record AgentMessage;

/// <summary>First message. Signed by the node key over <c>depin-agent-hello\n{node}\n{nonce}\n{timestamp ms}</c> (ECDSA P-256, SHA-256, IEEE P1363, base64url); <paramref name="Nonce"/> is the one the gateway sent in <see cref="GatewayChallenge"/>.</summary>
public sealed record AgentHello(string Node, string Nonce, long TimestampMs, string Signature, HardwareInventory Hardware, string AgentVersion, string Boot) : AgentMessage;

/// <summary>"I am alive": sent at the interval the welcome and each ack ask for.</summary>
public sealed record AgentHeartbeat(long Session, long Sequence, long AppliedGeneration) : AgentMessage;

/// <summary>"Send me the desired state."</summary>
public sealed record AgentPull(long Session) : AgentMessage;

/// <summary>Status of workloads; may be sent again until acknowledged.</summary>
public sealed record AgentReport(long Session, long Sequence, ImmutableArray<WorkloadStatus> Workloads) : AgentMessage;

/// <summary>Log lines the gateway asked for (answer to <see cref="GatewayLogRequest"/>).</summary>
public sealed record AgentLogs(string RequestId, ImmutableArray<LogLine> Lines, bool End) : AgentMessage;

/// <summary>Output of a shell session, base64; <paramref name="ExitCode"/> set on the last one.</summary>
public sealed record AgentShellOutput(string RequestId, string DataBase64, int? ExitCode) : AgentMessage;

/// <summary>From the gateway to the agent.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(GatewayChallenge), "challenge")]
[JsonDerivedType(typeof(AgentWelcome), "welcome")]
[JsonDerivedType(typeof(HeartbeatAck), "ack")]
[JsonDerivedType(typeof(GatewayDesiredState), "desired")]
[JsonDerivedType(typeof(ReportAck), "reportAck")]
[JsonDerivedType(typeof(GatewayLogRequest), "logs")]
[JsonDerivedType(typeof(GatewayShellInput), "shell")]
[JsonDerivedType(typeof(GatewayRefusal), "refused")]
public abstract record GatewayMessage;

/// <summary>Sent as soon as the socket is open.</summary>
public sealed record GatewayChallenge(string Nonce) : GatewayMessage;

/// <summary>The agent is in. <paramref name="Session"/> is higher than any earlier one of this node; messages with an older one are dropped.</summary>
public sealed record AgentWelcome(long Session, int HeartbeatIntervalMs, long Generation) : GatewayMessage;

/// <summary>Answer to a heartbeat: when <paramref name="Generation"/> differs from what the agent applied, it pulls.</summary>
public sealed record HeartbeatAck(long Sequence, long Generation, int HeartbeatIntervalMs) : GatewayMessage;

/// <summary>The desired state, secrets decrypted for this node only.</summary>
public sealed record GatewayDesiredState(DesiredState State) : GatewayMessage;

/// <summary>The report with this sequence is durable.</summary>
public sealed record ReportAck(long Sequence) : GatewayMessage;

/// <summary>
/// Asks for log lines: from <paramref name="FromOffset"/> (a line's number, 0 for the first the workload ever wrote; older than what is kept means "from the first kept"),
/// or, when it is negative, the last <paramref name="TailLines"/>. <paramref name="Follow"/> keeps sending until <paramref name="Cancel"/>.
/// </summary>
public sealed record GatewayLogRequest(string RequestId, string WorkloadId, long FromOffset, int TailLines, bool Follow, bool Cancel) : GatewayMessage;

/// <summary>
/// Starts (a new <paramref name="RequestId"/> with a <paramref name="Command"/>), feeds, resizes or ends a shell in a workload; input under an id that has ended is dropped.
/// The first <paramref name="End"/> closes the shell's standard input; a second one, or the end of the connection, kills it.
/// </summary>
/// <param name="RequestId">The shell's id, of the gateway's making.</param>
/// <param name="WorkloadId">The workload it runs in.</param>
/// <param name="Command">Program and arguments; in the first message and only there.</param>
/// <param name="DataBase64">Input.</param>
/// <param name="End">Closes the input.</param>
/// <param name="Columns">In the first message: above 0 asks for a terminal of this size (1 to 1,000); later: its new size, 0 = unchanged.</param>
/// <param name="Rows">Goes with <paramref name="Columns"/>.</param>
public sealed record GatewayShellInput(
    string RequestId, string WorkloadId, ImmutableArray<string> Command, string DataBase64, bool End, int Columns = 0, int Rows = 0) : GatewayMessage;

/// <summary>The gateway refuses and closes: <paramref name="Code"/> as in <c>Refusal</c>; <paramref name="Final"/> means "do not come back" (retired, replaced by a newer session).</summary>
public sealed record GatewayRefusal(string Code, string Detail, bool Final) : GatewayMessage;
