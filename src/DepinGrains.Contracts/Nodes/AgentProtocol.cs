using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace DepinGrains.Contracts.Nodes;

/// <summary>
/// Messages of the one WebSocket between an agent and any gateway, <c>GET /v1/agent</c>: one JSON object per text message, at most 1 MiB.
/// The agent opens with <see cref="AgentHello"/>, the gateway answers <see cref="AgentWelcome"/> with the session number that fences older connections of the same node.
/// Logs, shells and tunnels are streams: the gateway opens one under an id of its making, each side sends at most <see cref="StreamWindow"/> frames before the other gives credit, so that one slow reader or one program that writes
/// without end holds up its own stream and nothing else; the agent's <see cref="AgentStreamClosed"/> is the last word on it. Frames within their window need no place in the connection's budget of messages.
/// </summary>
public static class AgentProtocol
{
    /// <summary>Sent as sub-protocol of the WebSocket.</summary>
    public const string SubProtocol = "depin.agent.v1";

    /// <summary>Largest message in bytes.</summary>
    public const int MessageBytesMax = 1 << 20;

    /// <summary>Most bytes of one frame of a shell or tunnel.</summary>
    public const int StreamFrameBytesMax = 16 << 10;

    /// <summary>Frames of one stream (logs, a shell, a tunnel) that may be on their way in each direction before the receiver gives credit again.</summary>
    public const int StreamWindow = 8;

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
[JsonDerivedType(typeof(AgentBenchmarkReady), "benchmarkReady")]
[JsonDerivedType(typeof(AgentBenchmarkAnswer), "benchmarkAnswer")]
[JsonDerivedType(typeof(AgentBenchmarkDeclined), "benchmarkDeclined")]
[JsonDerivedType(typeof(AgentStreamOpened), "streamOpened")]
[JsonDerivedType(typeof(AgentStreamData), "streamData")]
[JsonDerivedType(typeof(AgentStreamCredit), "streamCredit")]
[JsonDerivedType(typeof(AgentStreamClosed), "streamClosed")]
public abstract record AgentMessage;

/// <summary>First message. Signed by the node key over <c>depin-agent-hello\n{node}\n{nonce}\n{timestamp ms}</c> (ECDSA P-256, SHA-256, IEEE P1363, base64url); <paramref name="Nonce"/> is the one the gateway sent in <see cref="GatewayChallenge"/>.</summary>
public sealed record AgentHello(string Node, string Nonce, long TimestampMs, string Signature, HardwareInventory Hardware, string AgentVersion, string Boot) : AgentMessage;

/// <summary>"I am alive": sent at the interval the welcome and each ack ask for.</summary>
public sealed record AgentHeartbeat(long Session, long Sequence, long AppliedGeneration) : AgentMessage;

/// <summary>"Send me the desired state."</summary>
public sealed record AgentPull(long Session) : AgentMessage;

/// <summary>Status of workloads; may be sent again until acknowledged.</summary>
public sealed record AgentReport(long Session, long Sequence, ImmutableArray<WorkloadStatus> Workloads) : AgentMessage;

/// <summary>Log lines the gateway asked for (answer to <see cref="GatewayLogRequest"/>); one frame of the stream's window.</summary>
public sealed record AgentLogs(string Id, ImmutableArray<LogLine> Lines) : AgentMessage;

/// <summary>"I begin the benchmark of my desired state now": answered by <see cref="GatewayBenchmark"/>, or <see cref="GatewayBenchmarkOver"/>.</summary>
public sealed record AgentBenchmarkReady(long Session, string Id) : AgentMessage;

/// <summary>The answers; see <see cref="BenchmarkAnswer"/>. Answered by <see cref="GatewayBenchmarkOver"/>.</summary>
public sealed record AgentBenchmarkAnswer(long Session, string Id, ImmutableArray<ulong> Digests, string Signature) : AgentMessage;

/// <summary>The agent does not do the benchmark. <paramref name="Reason"/>: for the node's owner to read.</summary>
public sealed record AgentBenchmarkDeclined(long Session, string Id, string Reason) : AgentMessage;

/// <summary>The tunnel's port is connected.</summary>
public sealed record AgentStreamOpened(string Id) : AgentMessage;

/// <summary>Bytes from a tunnel's port, or what a shell's program writes (both streams in one, as they come), base64; <paramref name="End"/>: no more will come.</summary>
public sealed record AgentStreamData(string Id, string DataBase64, bool End) : AgentMessage;

/// <summary>The agent has taken so many of the gateway's frames.</summary>
public sealed record AgentStreamCredit(string Id, int Frames) : AgentMessage;

/// <summary>The stream was refused or is over: the last word on it, said of every stream that was opened.</summary>
/// <param name="Id">The stream.</param>
/// <param name="Code">Why, as in <c>Refusal</c>.</param>
/// <param name="Detail">The same for people.</param>
/// <param name="ExitCode">Of a shell whose program has ended.</param>
public sealed record AgentStreamClosed(string Id, string Code, string Detail, int? ExitCode = null) : AgentMessage;

/// <summary>From the gateway to the agent.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(GatewayChallenge), "challenge")]
[JsonDerivedType(typeof(AgentWelcome), "welcome")]
[JsonDerivedType(typeof(HeartbeatAck), "ack")]
[JsonDerivedType(typeof(GatewayDesiredState), "desired")]
[JsonDerivedType(typeof(ReportAck), "reportAck")]
[JsonDerivedType(typeof(GatewayLogRequest), "logs")]
[JsonDerivedType(typeof(GatewayShellOpen), "shell")]
[JsonDerivedType(typeof(GatewayShellResize), "shellResize")]
[JsonDerivedType(typeof(GatewayBenchmark), "benchmark")]
[JsonDerivedType(typeof(GatewayBenchmarkOver), "benchmarkOver")]
[JsonDerivedType(typeof(GatewayTunnelOpen), "tunnel")]
[JsonDerivedType(typeof(GatewayStreamData), "streamData")]
[JsonDerivedType(typeof(GatewayStreamCredit), "streamCredit")]
[JsonDerivedType(typeof(GatewayStreamClose), "streamClose")]
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
/// or, when it is negative, the last <paramref name="TailLines"/>. <paramref name="Follow"/> keeps sending until <see cref="GatewayStreamClose"/>.
/// </summary>
public sealed record GatewayLogRequest(string Id, string WorkloadId, long FromOffset, int TailLines, bool Follow) : GatewayMessage;

/// <summary>Starts a program in a workload. Its input and output are frames; it is killed when the stream is closed or the connection ends.</summary>
/// <param name="Id">The stream's id, of the gateway's making.</param>
/// <param name="WorkloadId">The workload it runs in.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="Columns">Above 0 asks for a terminal of this size (1 to 1,000).</param>
/// <param name="Rows">Goes with <paramref name="Columns"/>.</param>
public sealed record GatewayShellOpen(string Id, string WorkloadId, ImmutableArray<string> Command, int Columns = 0, int Rows = 0) : GatewayMessage;

/// <summary>A shell's terminal has a new size.</summary>
public sealed record GatewayShellResize(string Id, int Columns, int Rows) : GatewayMessage;

/// <summary>The benchmark runs from now on: <paramref name="TimeMs"/> milliseconds until the answer must be back.</summary>
public sealed record GatewayBenchmark(string Id, string NonceBase64, int Work, int TimeMs) : GatewayMessage;

/// <summary>The benchmark is over for this agent: passed (<paramref name="Code"/> null), or why not.</summary>
public sealed record GatewayBenchmarkOver(string Id, string? Code, string Detail) : GatewayMessage;

/// <summary>
/// Opens a tunnel to a port: answered by <see cref="AgentStreamOpened"/> or <see cref="AgentStreamClosed"/>. What may be reached is the agent's to say: ports of workloads it runs itself, and those its owner switched on.
/// </summary>
/// <param name="Id">The stream's id, of the gateway's making.</param>
/// <param name="WorkloadId">The workload; null: a port of the node's owner.</param>
/// <param name="Port">The workload's own port, as its SDL exposes it; or the owner's at loopback.</param>
public sealed record GatewayTunnelOpen(string Id, string? WorkloadId, int Port) : GatewayMessage;

/// <summary>Bytes to a tunnel's port or a shell's program, base64; <paramref name="End"/>: no more will come (a shell's standard input is closed).</summary>
public sealed record GatewayStreamData(string Id, string DataBase64, bool End) : GatewayMessage;

/// <summary>The gateway has taken so many of the agent's frames.</summary>
public sealed record GatewayStreamCredit(string Id, int Frames) : GatewayMessage;

/// <summary>Ends a stream; a shell's program is killed. The agent answers <see cref="AgentStreamClosed"/>, and until then frames may be on their way.</summary>
public sealed record GatewayStreamClose(string Id) : GatewayMessage;

/// <summary>The gateway refuses and closes: <paramref name="Code"/> as in <c>Refusal</c>; <paramref name="Final"/> means "do not come back" (retired, replaced by a newer session).</summary>
public sealed record GatewayRefusal(string Code, string Detail, bool Final) : GatewayMessage;
