using DepinGrains.Contracts.Nodes;
using DepinGrains.Contracts.Nodes.Streams;

namespace DepinGrains.Gateway.Nodes.Streams;

/// <summary>Bytes both ways.</summary>
internal abstract class AgentByteStream : AgentStream, IFrameSender
{
    protected AgentByteStream(AgentConnection connection, string id, string? workload, long bytesMax, TimeProvider time)
        : base(connection, id, workload) => Stream = new FrameStream(this, bytesMax, time);

    public FrameStream Stream { get; }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> data, bool end, CancellationToken cancel)
    {
        await Connection.RoomAsync(cancel);
        Connection.Send(new GatewayStreamData(Id, Convert.ToBase64String(data.Span), end));
    }

    public void Credit(int frames) => Connection.Send(new GatewayStreamCredit(Id, frames));

    public override bool? Take(AgentMessage message) => message switch
    {
        AgentStreamData data => Frames.TryDecode(data.DataBase64, out var bytes) && Stream.TryReceive(bytes, data.End),
        AgentStreamCredit credit => Stream.TryCredit(credit.Frames),
        _ => null,
    };

    protected override void Ended(AgentStreamClosed? word) => Stream.Abort(word?.Detail ?? "the connection to the node was lost");
}
